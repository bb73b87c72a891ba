import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot, reachableByOthers } from '@holdfast/embedded';
import { environment as givenEnvironment } from '@holdfast/shared/config';
import { createLogger } from '@holdfast/shared/observability';
import { sampleStatements } from '@holdfast/testing/engines';
import { startPostgres, testDatabase } from '@holdfast/testing/postgres';
import { HoldfastClient } from '@holdfast/testing/services';
import { compileCache } from '@holdfast/testing/services';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { startStandalone, type Standalone } from './standalone.ts';

const logger = createLogger('test', 'silent');
const environment = {
  HOLDFAST_PORT: '0',
  HOLDFAST_TICK_SECONDS: '0.2',
  HOLDFAST_LOG_LEVEL: 'warn',
  PATH: givenEnvironment()['PATH'],
};

describe('single-process mode', () => {
  const folders: string[] = [];
  const running: Standalone[] = [];

  function newFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-standalone-'));
    chmodSync(folder, 0o755);
    folders.push(folder);
    return folder;
  }

  async function start(stateDir: string, changes: Record<string, string> = {}): Promise<Standalone> {
    const standalone = await startStandalone({ stateDir, logger, environment: { ...environment, ...changes } });
    running.push(standalone);
    return standalone;
  }

  afterEach(async () => {
    for (const standalone of running.splice(0)) await standalone.stop();
  });
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  it('backs up with nothing prepared, and keeps everything over a restart', async () => {
    const stateDir = join(newFolder(), 'state');
    const first = await start(stateDir);
    const token = first.token?.reveal() ?? '';
    const source = await testDatabase();
    await source.query(...sampleStatements(20));
    const { host, port, user, password, name: database } = source;
    const client = new HoldfastClient(first.url, token);
    const databaseId = await client.registerDatabase({ name: 'source', host, port, user, password, database });
    const { id } = await client.backup(databaseId);
    const backup = await client.waitFor(id, ['done'], 20);
    await first.stop();

    const second = await start(stateDir);
    expect(second.token).to.equal(null);
    const later = new HoldfastClient(second.url, token);
    expect(await later.findBackup(id)).to.deep.equal(backup);
    const again = await later.backup(databaseId);
    await later.waitFor(again.id, ['done'], 20);
  });

  it('waits for a database of the operator’s that is not there yet', async () => {
    const server = await startPostgres();
    await server.createDatabase('own');
    await server.stop();
    const starting = start(newFolder(), { DATABASE_URL: server.url('own') });
    await server.restart();
    expect((await fetch(`${(await starting).url}/readyz`)).status).to.equal(200);
    await running.pop()?.stop();
    await server.stop();
  });

  it('closes its secret key and its backups to other users', async () => {
    const stateDir = newFolder();
    await start(stateDir);
    expect(statSync(join(stateDir, 'secret.keys')).mode & 0o777).to.equal(0o600);
    expect(statSync(join(stateDir, 'backups')).mode & 0o777).to.equal(0o700);
  });

  it('refuses a state folder that another one uses, and leaves that one alone', async () => {
    const stateDir = newFolder();
    const first = await start(stateDir);
    const error = await start(stateDir).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'configuration' });
    expect(String(error)).to.include(stateDir).and.include(String(process.pid));
    expect((await fetch(`${first.url}/readyz`)).status).to.equal(200);
  });

  it('names every wrong setting before it starts anything', async () => {
    const stateDir = newFolder();
    const changes = { HOLDFAST_TICK_SECONDS: 'soon', HOLDFAST_NOT_A_SETTING: '1' };
    const error = await start(stateDir, changes).catch((thrown: unknown) => thrown);
    expect(String(error)).to.include('HOLDFAST_TICK_SECONDS').and.include('HOLDFAST_NOT_A_SETTING');
    expect(() => statSync(join(stateDir, 'postgres/cluster'))).to.throw('ENOENT');
  });

  it('says so when the port that was asked for is in use, and stops what it had started', async () => {
    const stateDir = newFolder();
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.listen(0, '127.0.0.1', resolve);
    });
    const { port } = squatter.address() as AddressInfo;
    const error = await start(stateDir, { HOLDFAST_PORT: String(port) }).catch((thrown: unknown) => thrown);
    squatter.close();
    expect(error).to.include({ code: 'configuration' });
    expect(String(error)).to.include(`127.0.0.1:${port}`).and.include('HOLDFAST_PORT');
    expect(() => statSync(join(stateDir, 'postgres/cluster/postmaster.pid'))).to.throw('ENOENT');
    expect(() => statSync(join(stateDir, 'holdfast.pid'))).to.throw('ENOENT');
  });

  it('takes another port where the usual one is in use and nobody asked for it', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.once('error', () => resolve());
      squatter.listen(8080, '127.0.0.1', resolve);
    });
    const { url } = await start(newFolder(), { HOLDFAST_PORT: '' });
    squatter.close();
    expect(new URL(url).port).not.to.equal('8080');
    expect((await fetch(`${url}/healthz`)).status).to.equal(200);
  });

  const present = 'the present user';
  const other = 'a user without rights';
  // Such a user must be able to read the checkout, and only root can become one.
  const users = isRoot() && reachableByOthers(import.meta.dirname) ? [present, other] : [present];
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];

  for (const user of users) {
    it(`starts as a program of ${user}, prints a token once, and stops on Ctrl-C`, async () => {
      const folder = newFolder();
      chmodSync(folder, 0o777);
      const parameters = [join(import.meta.dirname, 'main.ts'), '--state', join(folder, 'state')];
      const options = { env: { ...compileCache(), ...environment }, detached: true };
      const child =
        user === other
          ? spawn('setpriv', [...asNobody, process.execPath, ...parameters], options)
          : spawn(process.execPath, parameters, options);
      let printed = '';
      let logged = '';
      child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (logged += chunk.toString()));
      const exited = new Promise<number | null>((resolve) => {
        child.once('close', resolve);
      });
      try {
        const ready = await until(
          'the token',
          30,
          () => /open (\S+) in a browser[^]*(hf_\S+)/.exec(printed),
          () => logged,
        );
        const [, url = '', token = ''] = ready;
        const answer = await new HoldfastClient(url, token).request('GET', '/api/databases');
        expect(answer.status).to.equal(200);
        expect(logged).not.to.include(token);
        // As a terminal does it: to the whole process group.
        process.kill(-(child.pid ?? 0), 'SIGINT');
        expect(await exited).to.equal(0);
        const bad = logged.split('\n').filter((line) => /57P01|"level":"error"/.test(line));
        expect(bad, 'the database stays until everything else has ended').to.deep.equal([]);
      } finally {
        child.kill('SIGKILL');
      }
      expect(readFileSync(join(folder, 'state/secret.keys'), 'utf8')).to.match(/^k[0-9a-f]{8}:/);
    });
  }
});
