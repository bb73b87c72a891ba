import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from '@holdfast/testing/engines';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { launchAgent, type AgentProcess } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { registerRemote, remoteServer, type RemoteServer } from './support/remote.ts';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { untilSwept, useHoldfast } from './support/system.ts';

const mebibyte = 1024 * 1024;
const siteOnly = (name: string) => (folder: string) => ({
  [name]: { directory: { path: join(folder, 'site'), ignore: ['*.log'] } },
});

/** The archives in the spool of an agent. */
const spooled = ({ folder }: RemoteServer): string[] =>
  readdirSync(join(folder, 'spool')).filter((name) => name !== 'holdfast.pid');

describe('agent of a remote server', function suite() {
  const holdfast = useHoldfast(() => ({ env: { HOLDFAST_REMOTE_HEARTBEAT_SECONDS: '3' } }));
  let s3: TestS3;
  let destinationId: number;
  const agents: AgentProcess[] = [];

  before(async () => {
    s3 = await startS3();
    destinationId = await s3Destination(holdfast(), s3);
  });
  afterEach(async function stop() {
    s3.faults.clear();
    for (const agent of agents.splice(0)) {
      if (this.currentTest?.state === 'failed') process.stderr.write(agent.output());
      await agent.stop();
    }
  });
  after(() => s3.stop());

  async function start(server: RemoteServer): Promise<AgentProcess> {
    const agent = await server.start();
    agents.push(agent);
    return agent;
  }

  /** A directory with some of everything. So much of it does not compress: from 64 MiB on an archive has several parts. */
  function fill({ folder }: RemoteServer, megabytes: number): void {
    const site = join(folder, 'site');
    mkdirSync(join(site, 'empty'));
    mkdirSync(join(site, 'ünïcödé and space'));
    writeFileSync(join(site, 'ünïcödé and space/漢字'), 'text');
    writeFileSync(join(site, 'large.bin'), randomBytes(megabytes * mebibyte));
    writeFileSync(join(site, 'run.sh'), '#!/bin/sh\n');
    chmodSync(join(site, 'run.sh'), 0o750);
    symlinkSync('/etc/hostname', join(site, 'absolute'));
    symlinkSync('../outside', join(site, 'relative'));
  }

  /** A remote server with a directory that is registered under that name, and its agent. */
  async function directoryOf(name: string, megabytes = 4) {
    const server = await remoteServer(holdfast(), siteOnly(name));
    fill(server, megabytes);
    const fields = { name, type: 'files', server_id: server.id, destination_id: destinationId } as const;
    return { server, databaseId: await registerRemote(holdfast(), fields), agent: await start(server) };
  }

  const sameContent = (one: string, other: string): void => {
    execFileSync('diff', ['-r', '--no-dereference', one, other]);
    const listing = (path: string) => execFileSync('find', ['.', '-printf', '%p %M %s %T@ %l\n'], { cwd: path });
    const lines = (path: string): string[] =>
      String(listing(path))
        .replaceAll(/(\d)\.\d+ /g, '$1 ')
        .split('\n')
        .sort();
    expect(lines(one)).to.deep.equal(lines(other));
  };

  it('backs up a directory, and brings it back in place and beside it', async () => {
    const { client } = holdfast();
    const { databaseId, server, agent } = await directoryOf('site');
    const site = join(server.folder, 'site');
    const before = join(server.folder, 'before');
    writeFileSync(join(site, 'ignored.log'), 'x');
    execFileSync('cp', ['-a', site, before]);
    rmSync(join(before, 'ignored.log'));
    execFileSync('touch', ['-r', site, before]);
    const backup = await client.waitFor((await client.backup(databaseId)).id, ['done'], 30);
    expect(backup.size).to.be.greaterThan(4 * mebibyte);
    expect(spooled(server)).to.deep.equal([]);

    const path = `/api/databases/${databaseId}/backups/${backup.id}/archive`;
    const { download_url: link } = await client.expect<{ download_url: string }>(200, 'GET', path);
    const archive = Buffer.from(await (await fetch(link)).arrayBuffer());
    expect(archive.length).to.equal(backup.size);
    const byTar = join(server.folder, 'by tar');
    mkdirSync(byTar);
    execFileSync('tar', ['-xzpf', '-', '-C', byTar], { input: archive });
    sameContent(byTar, before);

    writeFileSync(join(site, 'later'), 'not in the backup');
    const inPlace = await client.restore(databaseId, backup.id, {}, 30);
    expect(inPlace).to.include({ status: 'done', error: null });
    sameContent(site, before);
    const beside = await client.restore(databaseId, backup.id, { target: { new_database: 'copy' } }, 30);
    expect(beside).to.include({ status: 'done', error: null });
    sameContent(join(server.folder, 'copy'), before);
    const again = await client.restore(databaseId, backup.id, { target: { new_database: 'copy' } }, 30);
    expect(again).to.include({ status: 'error' });

    const output = agent.output();
    for (const secret of [server.token.split('.')[1] ?? '', s3.secretKey, 'X-Amz-Signature']) {
      expect(output).not.to.contain(secret);
    }
  });

  it('backs up a database, and brings it back', async () => {
    const { client } = holdfast();
    const source = await sourceDatabase(8);
    const { host, port, user, password, name } = source;
    const server = await remoteServer(holdfast(), (folder) => {
      const passwordFile = join(folder, 'password');
      writeFileSync(passwordFile, password);
      return { shop: { postgresql: { host, port, user, passwordFile, database: name } } };
    });
    const agent = await start(server);
    const databaseId = await registerRemote(holdfast(), {
      name: 'shop',
      type: 'postgresql',
      server_id: server.id,
      destination_id: destinationId,
    });
    const contentOf = (database: string) => fingerprint({ host, port, user, password, database });
    const original = await contentOf(name);
    const backup = await client.waitFor((await client.backup(databaseId)).id, ['done'], 40);
    await source.query('drop table filler');
    expect(await client.restore(databaseId, backup.id, {}, 30)).to.include({ status: 'done', error: null });
    expect(await contentOf(name)).to.deep.equal(original);
    expect(agent.output()).not.to.contain(password);
  });

  it('sends a part again that the store refused for a moment', async () => {
    const { client } = holdfast();
    const { databaseId } = await directoryOf('site of a bad store', 70);
    s3.faults.add({ kind: 'uploadPart', effect: { type: 'answer', status: 503, code: 'SlowDown' }, from: 2, times: 1 });
    s3.faults.add({ kind: 'uploadPart', effect: { type: 'dropAfter' }, from: 3, times: 1 });
    await client.waitFor((await client.backup(databaseId)).id, ['done'], 40);
  });

  it('is given up when it is killed while it uploads; nothing stays of it, and the next one works', async () => {
    const { client } = holdfast();
    const { databaseId, server, agent } = await directoryOf('site to be killed');
    s3.faults.add({ kind: 'uploadPart', effect: { type: 'stall' } });
    const { id } = await client.backup(databaseId);
    await until('the upload', 20, () => s3.openUploads().length > 0);
    await agent.stop('SIGKILL');
    s3.faults.clear();
    expect(spooled(server)).to.have.length(1);

    const given = await client.waitFor(id, ['error'], 20);
    expect(given.error).to.include({ code: 'abandoned' });
    await untilSwept(holdfast(), id);
    expect(s3.openUploads()).to.deep.equal([]);
    expect(s3.objects().filter(({ key }) => key.includes(id))).to.deep.equal([]);

    await start(server);
    expect(spooled(server)).to.deep.equal([]);
    await client.waitFor((await client.backup(databaseId)).id, ['done'], 30);
  });

  it('reports what it could not finish when it is told to stop, and ends with code 0', async () => {
    const { client } = holdfast();
    const { databaseId, agent } = await directoryOf('site to be stopped');
    s3.faults.add({ kind: 'uploadPart', effect: { type: 'stall' } });
    const { id } = await client.backup(databaseId);
    await until('the upload', 20, () => s3.openUploads().length > 0);
    expect(await agent.stop()).to.deep.equal({ code: 0, signal: null });
    const failed = await client.findBackup(id);
    expect(failed.status).to.equal('error');
    expect(failed.error).to.include({ code: 'remote_failed' });
    await until('the upload to be aborted', 20, () => s3.openUploads().length === 0);
  });

  it('stops when somebody cancels, and reports it', async () => {
    const { client } = holdfast();
    const { databaseId, server } = await directoryOf('site to be cancelled');
    s3.faults.add({ kind: 'uploadPart', effect: { type: 'stall' } });
    const { id } = await client.backup(databaseId);
    await until('the upload', 20, () => s3.openUploads().length > 0);
    await holdfast().database.query(`update holdfast.backups set cancel_requested_at = now() where id = '${id}'`);
    const { error } = await client.waitFor(id, ['error'], 20);
    expect(error).to.include({ code: 'cancelled' });
    await until('the spool to be empty', 15, () => spooled(server).length === 0);
  });

  it('does not share its spool with another agent, which would take its archives away', async () => {
    const { server } = await directoryOf('site with one agent');
    const second = launchAgent(server.env);
    expect(await second.exited).to.deep.equal({ code: 1, signal: null });
    expect(second.output()).to.contain('An agent runs already with the folder');
  });

  it('ends with the reason when its token or its configuration is wrong', async () => {
    const server = await remoteServer(holdfast(), siteOnly('site of nobody'));
    const { HOLDFAST_AGENT_TOKEN_FILE: _file, ...env } = server.env;
    const wrong = launchAgent({ ...env, HOLDFAST_AGENT_TOKEN: `${server.token.slice(0, -1)}-` });
    expect(await wrong.exited).to.deep.equal({ code: 1, signal: null });
    expect(wrong.output())
      .to.contain('refuses this agent')
      .and.not.to.contain(server.token.split('.')[1]?.slice(0, -1));
    const unset = launchAgent({ ...env, HOLDFAST_AGENT_URL: 'http://example.com' });
    expect(await unset.exited).to.deep.equal({ code: 78, signal: null });
    for (const name of ['HOLDFAST_AGENT_TOKEN is not set', 'HOLDFAST_AGENT_ALLOW_HTTP']) {
      expect(unset.output()).to.contain(name);
    }
  });
});
