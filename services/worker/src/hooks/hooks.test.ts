import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { HoldfastError, Secret, type Backup, type Hook, type HookRun } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { isAlive } from '@holdfast/testing/engines';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { createHandlers } from '../handlers/index.ts';
import { openBed, type Bed } from '../testing/bed.ts';

const context = { jobId: 'job', signal: new AbortController().signal };
const password = 'hunter2-the-password';
const token = 'Bearer 0123456789-the-token';

describe('hooks around a backup', () => {
  let service: TestDatabase;
  let bed: Bed;
  let folder: string;
  let log: string;
  let engine: FakeEngine;
  let stopping: AbortController;
  let dumps: number;
  let server: Server;
  let heard: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  before(async () => {
    service = await testDatabase();
    bed = await openBed(service.url);
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        heard.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await bed.close();
    await service.drop();
  });
  beforeEach(async () => {
    await service.query('truncate holdfast.backups cascade');
    folder = await mkdtemp(join(tmpdir(), 'holdfast-hooks-'));
    log = join(folder, 'log');
    engine = new FakeEngine(randomBytes(50_000));
    stopping = new AbortController();
    heard = [];
    dumps = 0;
    answer = (_request, response) => response.end('thank you');
  });
  afterEach(async () => {
    expect(dumps, 'dumps that should not have begun').to.equal(0);
    await rm(folder, { recursive: true, force: true });
  });

  function worker(settings: Record<string, string> = {}): JobHandlers {
    return createHandlers({
      settings: bed.settings({ HOLDFAST_HOOKS: folder, HOLDFAST_ALLOWED_NETWORKS: '127.0.0.1/32', ...settings }),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => engine },
      openStore: () => new MemoryStore(),
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: stopping.signal,
    });
  }

  /** Puts a program there that notes its name, and what `source` adds. */
  async function program(name: string, source = '', mode = 0o755): Promise<void> {
    await writeFile(join(folder, name), `#!/bin/sh\necho "$HOLDFAST_HOOK ${name} $*" >> ${log}\n${source}\n`);
    await chmod(join(folder, name), mode);
  }

  const command = (name: string, change: { arguments?: string[]; timeoutSeconds?: number } = {}): Hook => ({
    type: 'command',
    command: name,
    arguments: [],
    timeoutSeconds: 10,
    ...change,
  });
  const request = (change: Partial<Extract<Hook, { type: 'http' }>> = {}): Hook => ({
    type: 'http',
    method: 'POST',
    url: `http://127.0.0.1:${port()}/hook?key=the-key-in-the-query`,
    headers: { Authorization: new Secret(token) },
    timeoutSeconds: 10,
    ...change,
  });
  const port = (): number => (server.address() as AddressInfo).port;

  async function newBackup(before: Hook[], after: Hook[] = []): Promise<string> {
    await bed.persistence.databases.update(bed.database.accountId, bed.database.id, { hooks: { before, after } });
    return (await bed.newBackup()).id;
  }

  const run = (id: string, settings?: Record<string, string>): Promise<void> =>
    worker(settings)['backup.run@1']({ backupId: id, requestId: null }, context);
  const runs = (id: string): Promise<HookRun[]> => bed.persistence.hooks.listOfBackup(id);
  const said = async (): Promise<string[]> =>
    (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

  async function ran(before: Hook[], after: Hook[] = [], settings: Record<string, string> = {}) {
    const id = await newBackup(before, after);
    await run(id, settings);
    const backup: Backup = await bed.backup(id);
    return { backup, runs: await runs(id) };
  }

  /** A dump that begins and then stands still. */
  function stillDump(): Promise<void> {
    const begun = Promise.withResolvers<void>();
    engine.produce = () => {
      begun.resolve();
      const stream = new Readable({ read: () => undefined });
      stream.push(Buffer.alloc(1000));
      return stream;
    };
    return begun.promise;
  }

  /** Fails the test when a dump is begun. */
  const noDump = (): void => {
    engine.dump = () => {
      dumps += 1;
      return Promise.reject(new HoldfastError('dump_failed'));
    };
  };

  it('that were forgotten, or whose key is away, are not left out: the backup fails for good before its dump, and says what to do', async () => {
    for (const [sealed, code, words] of [
      ['v0.forgotten', 'secret_forgotten', 'set them again'],
      ['v1.away.AA.AA.AA', 'secret_unreadable', 'hooks of the database'],
    ] as const) {
      const id = await newBackup([command('freeze')]);
      await service.query(`update holdfast.databases set hooks = '${sealed}'`);
      noDump();
      await run(id);
      const { status, error } = await bed.backup(id);
      expect(status).to.equal('error');
      expect(error).to.include({ code }).and.have.property('message').that.contains(words);
    }
    expect(dumps).to.equal(0);
  });

  it('run in their order, with the facts and nothing else in their environment', async () => {
    await program('freeze', 'env | sort');
    await program('thaw', 'env | sort');
    const { backup, runs: kept } = await ran(
      [command('freeze', { arguments: ['a b', '$HOME', '--x'] }), command('thaw')],
      [command('thaw'), command('freeze')],
    );
    expect(backup).to.include({ status: 'done', attempt: 1 }).and.to.have.property('warnings').that.deep.equals([]);
    expect(await said()).to.deep.equal(['before freeze a b $HOME --x', 'before thaw ', 'after thaw ', 'after freeze ']);
    expect(
      kept.map(({ phase, position, name, outcome, exitCode, problem }) => ({
        phase,
        position,
        name,
        outcome,
        exitCode,
        problem,
      })),
    ).to.deep.equal([
      { phase: 'before', position: 0, name: 'freeze', outcome: 'done', exitCode: 0, problem: null },
      { phase: 'before', position: 1, name: 'thaw', outcome: 'done', exitCode: 0, problem: null },
      { phase: 'after', position: 0, name: 'thaw', outcome: 'done', exitCode: 0, problem: null },
      { phase: 'after', position: 1, name: 'freeze', outcome: 'done', exitCode: 0, problem: null },
    ]);
    const names = (output = ''): string[] => output.split('\n').map((line) => line.split('=')[0] ?? '');
    const own = [
      'HOLDFAST_ATTEMPT',
      'HOLDFAST_BACKUP_ID',
      'HOLDFAST_DATABASE',
      'HOLDFAST_DATABASE_ID',
      'HOLDFAST_HOOK',
    ];
    const usual = ['LANG', 'LC_ALL', 'PATH', 'PWD'];
    expect(names(kept[0]?.output)).to.have.members([...own, ...usual]);
    expect(names(kept[2]?.output)).to.have.members([...own, 'HOLDFAST_STATUS', ...usual]);
    expect(kept[2]?.output).to.contain(`HOLDFAST_BACKUP_ID=${backup.id}`).and.to.contain('HOLDFAST_STATUS=done');
  });

  it('before it that fail end the attempt before anything is asked of the database; those after it run', async () => {
    noDump();
    await program('check', 'echo "lag 900 s"; exit 3');
    await program('never');
    await program('thaw', 'echo $HOLDFAST_STATUS $HOLDFAST_ERROR_CODE');
    const { backup, runs: kept } = await ran([command('check'), command('never')], [command('thaw')]);
    expect(backup).to.include({ status: 'scheduled', failures: 1 });
    expect(backup.error).to.deep.equal({
      code: 'hook_failed',
      message: 'The hook check before the backup exited with 3.',
    });
    expect(await said()).to.deep.equal(['before check ', 'after thaw ']);
    expect(kept[0]).to.include({ outcome: 'failed', exitCode: 3, problem: 'exited with 3', output: 'lag 900 s' });
    expect(kept[1]?.output).to.equal('error hook_failed');
  });

  it('after it that fail leave the backup good, are said, and keep no other from running', async () => {
    await program('broken', 'kill -9 $$');
    await program('thaw');
    const { backup } = await ran([], [command('broken'), command('thaw')]);
    expect(backup).to.include({ status: 'done' });
    expect(backup.warnings).to.deep.equal([
      'The hook broken after it was ended by SIGKILL. What it was to undo may last.',
    ]);
    expect(await said()).to.deep.equal(['after broken ', 'after thaw ']);
    await bed.persistence.alerts.update();
    const kinds = async () =>
      (await bed.persistence.alerts.list(bed.database.accountId, { open: true, limit: 10 })).map(({ kind }) => kind);
    expect(await kinds()).to.include('hook_failed');
    await program('broken');
    await ran([], [command('broken')]);
    await bed.persistence.alerts.update();
    expect(await kinds()).not.to.include('hook_failed');
  });

  it('after it run when the dump fails, and are told why', async () => {
    await program('freeze');
    await program('thaw', 'echo $HOLDFAST_STATUS $HOLDFAST_ERROR_CODE');
    engine.dump = () => Promise.reject(new HoldfastError('auth_failed'));
    const { backup, runs: kept } = await ran([command('freeze')], [command('thaw')]);
    expect(backup).to.include({ status: 'error' });
    expect(kept[1]?.output).to.equal('error auth_failed');
  });

  it('after it run when the attempt is cancelled', async () => {
    await program('thaw', 'echo $HOLDFAST_ERROR_CODE');
    const id = await newBackup([], [command('thaw')]);
    const begun = stillDump();
    const running = run(id);
    await begun;
    await bed.persistence.backups.requestCancel(id);
    await running;
    expect((await bed.backup(id)).error).to.include({ code: 'cancelled' });
    expect((await runs(id))[0]).to.include({ outcome: 'done', output: 'cancelled' });
  });

  it('after it run when the worker must end, as far as there is time', async () => {
    await program('thaw', 'echo $HOLDFAST_ERROR_CODE');
    const id = await newBackup([], [command('thaw')]);
    const begun = stillDump();
    const running = run(id);
    await begun;
    stopping.abort(new HoldfastError('stopping'));
    await running;
    expect(await bed.backup(id)).to.include({ status: 'scheduled', failures: 0 });
    expect((await runs(id))[0]).to.include({ outcome: 'done', output: 'stopping' });
  });

  it('before it end at once when the attempt is cancelled, with all that they started', async () => {
    noDump();
    await program('slow', 'sleep 60 & echo $! > "$0.pid"; wait');
    const id = await newBackup([command('slow', { timeoutSeconds: 60 })]);
    const running = run(id);
    await until('the hook to begin', 10, async () => (await said()).length > 0);
    await bed.persistence.backups.requestCancel(id);
    await running;
    expect((await bed.backup(id)).error).to.include({ code: 'cancelled' });
    expect((await runs(id))[0]).to.include({ problem: 'was ended: Cancelled on request' });
    const pid = Number(await readFile(join(folder, 'slow.pid'), 'utf8'));
    await until('what it started to end', 15, () => !isAlive(pid));
  });

  it('end at their limit, with all that they started, also what ignores SIGTERM', async () => {
    noDump();
    await program('hang', `trap '' TERM; sleep 60 & echo $! > "$0.pid"; exec sleep 60`);
    const { backup } = await ran([command('hang', { timeoutSeconds: 60 })], [], { HOLDFAST_HOOK_SECONDS: '0.3' });
    expect(backup.error?.message).to.equal('The hook hang before the backup did not end within 0.3 s.');
    const pid = Number(await readFile(join(folder, 'hang.pid'), 'utf8'));
    await until('what it started to end', 15, () => !isAlive(pid));
  });

  it('end what they left running in their group, and do not wait for it', async () => {
    await program('leaves', 'sleep 60 & echo $! > "$0.pid"; echo begun');
    const { backup, runs: kept } = await ran([command('leaves')]);
    expect(backup).to.include({ status: 'done' });
    expect(kept[0]).to.include({ outcome: 'done', output: 'begun' });
    const pid = Number(await readFile(join(folder, 'leaves.pid'), 'utf8'));
    await until('what it left to end', 15, () => !isAlive(pid));
  });

  it('keep no more than 16 KiB of a flood, and none of the secrets that they print', async () => {
    await program(
      'talks',
      `head -c 3000000 /dev/zero | tr '\\0' x; echo "pw ${password} and ${token}"; head -c 3000000 /dev/zero | tr '\\0' y >&2; echo >&2; echo "${password}" >&2; exit 1`,
    );
    answer = (_request, response) => {
      response.writeHead(500).end(`${'z'.repeat(100)} ${token} ${'z'.repeat(20_000)}`);
    };
    const { backup, runs: kept } = await ran([command('talks')], [request()]);
    expect(kept).to.have.length(2);
    for (const { output } of kept) expect(Buffer.byteLength(output)).to.be.within(10_000, 16_500);
    expect(kept[0]?.output)
      .to.contain('pw [redacted] and [redacted]')
      .and.to.match(/y\n\[redacted\]$/);
    const everything = JSON.stringify([backup, kept]) + bed.log();
    for (const secret of [password, token, '0123456789-the-token', 'the-key-in-the-query']) {
      expect(everything).not.to.contain(secret);
    }
  });

  it('are only programs that nobody else can have changed, directly in the folder of the operator', async () => {
    noDump();
    await program('world', '', 0o757);
    await program('group', '', 0o775);
    await program('plain', '', 0o644);
    await symlink('/bin/true', join(folder, 'link'));
    const refusals = {
      world: 'can be changed by others',
      group: 'can be changed by others',
      plain: 'is not executable',
      link: 'a link is never followed',
      missing: 'does not exist on this worker',
    };
    for (const [name, why] of Object.entries(refusals)) {
      await service.query('truncate holdfast.backups cascade');
      const { runs: kept } = await ran([command(name)]);
      expect(kept[0]?.problem, name).to.contain(why).and.not.match(/\.$/);
    }
    for (const name of ['../../bin/true', '/bin/true', '.', '-x', 'a/b']) {
      await service.query('truncate holdfast.backups cascade');
      expect((await ran([command(name)])).runs[0]?.problem, name).to.contain('no name of a command');
    }
    await program('good');
    await chmod(folder, 0o777);
    await service.query('truncate holdfast.backups cascade');
    expect((await ran([command('good')])).runs[0]?.problem).to.contain('The folder of hooks can be changed by others');
    await service.query('truncate holdfast.backups cascade');
    expect((await ran([command('good')], [], { HOLDFAST_HOOKS: '' })).runs[0]?.problem).to.contain('HOLDFAST_HOOKS');
    expect(await said()).to.deep.equal([]);
  });

  it('send requests with the facts and the given headers, and take a 2xx for success', async () => {
    const { backup, runs: kept } = await ran([request()], [request({ method: 'GET', headers: {} })]);
    expect(backup).to.include({ status: 'done' });
    const [first, second] = heard;
    expect(first).to.include({ method: 'POST', url: '/hook?key=the-key-in-the-query' });
    expect(first?.headers).to.include({ authorization: token, 'content-type': 'application/json' });
    expect(JSON.parse(first?.body ?? '')).to.deep.equal({
      hook: 'before',
      backup_id: backup.id,
      database_id: bed.database.id,
      database: 'shop',
      attempt: 1,
      status: null,
      error_code: null,
    });
    expect(second).to.include({ method: 'GET', body: '' });
    expect(kept[0]).to.include({
      name: `POST http://127.0.0.1:${port()}/hook?…`,
      httpStatus: 200,
      output: 'thank you',
    });
  });

  it('follow no redirect, and take it for a failure', async () => {
    noDump();
    answer = (_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${port()}/other` }).end();
    const { runs: kept } = await ran([request()]);
    expect(kept[0]).to.include({ outcome: 'failed', httpStatus: 302 });
    expect(kept[0]?.problem).to.contain('a redirect, which is not followed');
    expect(heard.map(({ url }) => url)).to.deep.equal(['/hook?key=the-key-in-the-query']);
  });

  it('send nothing to an address that is not allowed, whether it stands in the URL or behind a name', async () => {
    noDump();
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433']) {
      await service.query('truncate holdfast.backups cascade');
      const closed = { HOLDFAST_ALLOWED_NETWORKS: '' };
      const { runs: kept } = await ran([request({ url: `http://${host}:${port()}/` })], [], closed);
      expect(kept[0]?.problem, host).to.contain('HOLDFAST_ALLOWED_NETWORKS');
    }
    expect(heard).to.deep.equal([]);
  });

  it('give up an answer that does not come', async () => {
    noDump();
    answer = () => undefined;
    const { runs: kept } = await ran([request({ timeoutSeconds: 0.3 })]);
    expect(kept[0]).to.include({ outcome: 'failed', problem: 'did not end within 0.3 s' });
  });

  it('give up an answer that does not end, also one whose end is that of its connection', async () => {
    noDump();
    answer = ({ socket }) => socket.write('HTTP/1.0 200 OK\r\n\r\nnot all of it');
    const { runs: kept } = await ran([request({ timeoutSeconds: 0.3 })]);
    expect(kept[0]).to.include({ outcome: 'failed', problem: 'did not end within 0.3 s' });
  });

  describe('of an attempt whose worker was killed', () => {
    /** An attempt that ended by its lease, after its hooks had begun. */
    async function killed(before: Hook[], after: Hook[]): Promise<string> {
      const id = await newBackup(before, after);
      await bed.persistence.backups.claim(id, { worker: 'killed', seconds: 60 });
      expect(await bed.persistence.hooks.open(id, 1)).to.equal(true);
      await service.query(`update holdfast.backups set lease_until = now() - interval '1 second' where id = '${id}'`);
      await bed.persistence.backups.reapExpired(10, 0);
      return id;
    }
    const endHooks = (id: string): Promise<void> =>
      worker()['attempt.hooks@1']({ backupId: id, attempt: 1, requestId: null }, context);

    it('after it are run by another, once', async () => {
      await program('thaw', 'echo $HOLDFAST_ERROR_CODE');
      const id = await killed([], [command('thaw')]);
      expect(await bed.persistence.hooks.takeOpen(10, 30)).to.have.length(1);
      expect(await bed.persistence.hooks.takeOpen(10, 30), 'rung for already').to.have.length(0);
      expect(await bed.persistence.hooks.take(id, 1, 60)).to.equal(true);
      await endHooks(id);
      expect(await said(), 'while somebody else has them').to.deep.equal([]);
      await service.query(`update holdfast.backup_attempts set hooks_held_until = now() where backup_id = '${id}'`);
      await Promise.all([endHooks(id), endHooks(id), endHooks(id)]);
      await endHooks(id);
      expect(await said()).to.deep.equal(['after thaw ']);
      expect((await runs(id))[0]).to.include({ attempt: 1, output: 'lease_expired' });
      expect(await bed.persistence.hooks.takeOpen(10, 0)).to.have.length(0);
    });

    it('after it are run before the next attempt begins its own', async () => {
      await program('freeze', 'echo $HOLDFAST_ATTEMPT');
      await program('thaw', 'echo $HOLDFAST_ATTEMPT');
      const id = await killed([command('freeze')], [command('thaw')]);
      await run(id);
      expect(await bed.backup(id)).to.include({ status: 'done', attempt: 2 });
      const kept = (await runs(id)).map(({ phase, attempt }) => `${phase} ${attempt}`);
      expect(kept).to.deep.equal(['after 1', 'before 2', 'after 2']);
    });

    it('are waited for by the next attempt where somebody else runs them', async () => {
      await program('freeze');
      const id = await killed([command('freeze')], []);
      expect(await bed.persistence.hooks.take(id, 1, 60)).to.equal(true);
      const running = run(id);
      await until('the next attempt to begin', 15, async () => (await bed.backup(id)).status === 'pending');
      expect(await said()).to.deep.equal([]);
      await bed.persistence.hooks.close(id, 1);
      await running;
      expect(await said()).to.deep.equal(['before freeze ']);
    });

    it('are not run by the worker that lost its lease once another has taken them', async () => {
      await program('thaw');
      const id = await newBackup([], [command('thaw')]);
      const begun = stillDump();
      const running = run(id);
      await begun;
      await service.query(`update holdfast.backups set lease_until = now() - interval '1 second' where id = '${id}'`);
      await bed.persistence.backups.reapExpired(10, 60);
      await endHooks(id);
      await running;
      expect(await said()).to.deep.equal(['after thaw ']);
    });
  });
});
