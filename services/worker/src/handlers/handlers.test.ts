import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { BackupRepository } from '@holdfast/persistence';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { attemptPrefix, HoldfastError, type Backup } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore, pieces } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import type { HandlerDeps } from '../deps.ts';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const content = randomBytes(600_000);
const context = { jobId: 'job', signal: new AbortController().signal };

describe('handlers', () => {
  let database: TestDatabase;
  let bed: Bed;
  let store: MemoryStore;
  let engine: FakeEngine;
  let stopping: AbortController;

  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url);
  });
  after(async () => {
    await bed.close();
    await database.drop();
  });
  beforeEach(async () => {
    await forgetWork();
    store = new MemoryStore();
    engine = new FakeEngine(content);
    stopping = new AbortController();
  });

  const forgetWork = (): Promise<unknown> => database.query('truncate holdfast.backups cascade');

  interface Change {
    settings?: Record<string, string>;
    backups?: Partial<BackupRepository>;
    worker?: string;
    engine?: FakeEngine;
  }

  /** A worker of its own; `backups` replaces methods of the repository. */
  function worker(change: Change = {}): JobHandlers {
    const backups = replacing(bed.persistence.backups, change.backups ?? {});
    const persistence: HandlerDeps['persistence'] = { ...bed.persistence, backups };
    return createHandlers({
      settings: bed.settings(change.settings),
      logger: bed.logger,
      persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => change.engine ?? engine },
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: change.worker ?? 'worker-1',
      stopping: stopping.signal,
    });
  }

  const run = (id: string, change: Change = {}): Promise<void> =>
    worker(change)['backup.run@1']({ backupId: id, requestId: null }, context);
  const restore = (id: string, change: Change = {}): Promise<void> =>
    worker(change)['restore.run@1']({ restoreId: id, requestId: null }, context);
  const sweep = (backupId: string, attempt: number): Promise<void> =>
    worker()['attempt.sweep@1']({ backupId, attempt, requestId: null }, context);
  const keysOf = (backup: Backup, attempt: number): string[] =>
    [...store.objects.keys()].filter((key) => key.startsWith(attemptPrefix(backup, attempt)));

  /** Holds every dump in its middle until it is let go. */
  function held(): { engine: FakeEngine; begun: Promise<void>; letGo: () => void } {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const slow = new FakeEngine(content);
    slow.produce = (bytes) => {
      const chunks = pieces(bytes, 65_536);
      let turn = 0;
      return new Readable({
        read() {
          turn += 1;
          if (turn === 2) begun.resolve();
          void (turn === 1 ? Promise.resolve() : gate.promise).then(() => this.push(chunks.next().value ?? null));
        },
      });
    };
    return { engine: slow, begun: begun.promise, letGo: () => gate.resolve() };
  }

  /** Another worker takes the row over, as after a lease that ran out. */
  async function takeOver(id: string): Promise<void> {
    await database.query(`update holdfast.backups set lease_until = now() - interval '1 second' where id = '${id}'`);
    await bed.persistence.backups.reapExpired(10, 0);
  }

  describe('backup.run@1', () => {
    it('makes a backup and settles it with its files', async () => {
      const { id } = await bed.newBackup();
      await run(id);
      const backup = await bed.backup(id);
      expect(backup).to.include({ status: 'done', attempt: 1, failures: 0, leaseOwner: null });
      const [file] = await bed.persistence.backups.files(id);
      expect(store.objects.get(file?.key ?? '')).to.have.length(file?.size ?? -1);
      expect(store.objects.has(backup.manifestKey ?? '')).to.equal(true);
      expect(store.closed).to.equal(1);
    });

    it('does nothing for a row that is done, runs elsewhere or does not exist', async () => {
      const { id } = await bed.newBackup();
      await bed.persistence.backups.claim(id, { worker: 'other', seconds: 60 });
      await run(id);
      expect(await bed.backup(id)).to.include({ status: 'pending', attempt: 1, leaseOwner: 'other' });
      await run(systemIds.uuid());
      expect(store.stored).to.have.length(0);
    });

    it('puts a failure that may pass back for another attempt, and ends it when there were too many', async () => {
      const { id } = await bed.newBackup();
      store.onChunk = () => {
        throw new HoldfastError('store_unreachable', 'No route to the store.');
      };
      for (const status of ['scheduled', 'scheduled', 'error']) {
        await until('the next attempt to be due', 15, async () => (await bed.backup(id)).runAfter <= new Date());
        await run(id);
        const backup = await bed.backup(id);
        expect(backup).to.include({ status });
        expect(backup.error).to.deep.equal({ code: 'store_unreachable', message: 'No route to the store.' });
      }
      expect(await bed.backup(id)).to.include({ attempt: 3, failures: 3 });
      expect(store.objects.size).to.equal(0);
    });

    it('ends at once for a failure that no attempt can mend', async () => {
      const { id } = await bed.newBackup();
      engine.dump = () => Promise.reject(new HoldfastError('auth_failed', 'The password is wrong.'));
      await run(id);
      expect(await bed.backup(id)).to.include({ status: 'error', attempt: 1 });
    });

    it('removes what a failed attempt stored', async () => {
      const { id } = await bed.newBackup();
      store.onChunk = (key) => {
        if (key.endsWith('manifest.json')) throw new HoldfastError('store_failed', 'not the manifest');
      };
      await run(id);
      expect(store.stored).to.have.length(1);
      expect(store.objects.size).to.equal(0);
    });

    it('does not fail for the second time when what it stored cannot be removed', async () => {
      const { id } = await bed.newBackup();
      engine.produce = () => Readable.from([], { objectMode: false });
      store.delete = () => Promise.reject(new HoldfastError('store_unreachable'));
      await run(id);
      expect((await bed.backup(id)).error).to.include({ code: 'dump_failed' });
    });

    it('stops when it is cancelled', async () => {
      const { id } = await bed.newBackup();
      const { engine, begun } = held();
      const running = run(id, { engine });
      await begun;
      await bed.persistence.backups.requestCancel(id);
      await running;
      const backup = await bed.backup(id);
      expect(backup).to.include({ status: 'error' });
      expect(backup.error).to.include({ code: 'cancelled' });
      expect(store.objects.size).to.equal(0);
    });

    it('writes its progress into the row while it runs', async () => {
      const { id } = await bed.newBackup();
      const { engine, begun, letGo } = held();
      const running = run(id, { engine });
      await begun;
      await until('progress', 15, async () => (await bed.backup(id)).progressBytes > 0);
      expect(await bed.backup(id)).to.include({ estimatedBytes: content.length });
      letGo();
      await running;
    });

    it('keeps its lease for as long as it runs', async () => {
      const { id } = await bed.newBackup();
      const { engine, begun, letGo } = held();
      const running = run(id, { engine, settings: { HOLDFAST_LEASE_SECONDS: '1.5' } });
      await begun;
      const before = (await bed.backup(id)).leaseUntil ?? new Date(0);
      await until('a whole lease to pass', 15, async () => {
        expect(await bed.persistence.backups.reapExpired(10, 0)).to.have.length(0);
        return ((await bed.backup(id)).leaseUntil?.getTime() ?? 0) > before.getTime() + 1500;
      });
      letGo();
      await running;
      expect(await bed.backup(id)).to.include({ status: 'done', attempt: 1 });
    });

    it('stops when it hears that its lease was lost, and changes nothing', async () => {
      const { id } = await bed.newBackup();
      const { engine, begun } = held();
      const running = run(id, { engine, settings: { HOLDFAST_LEASE_SECONDS: '600' } });
      await begun;
      await takeOver(id);
      await run(id, { worker: 'worker-2' });
      const second = await bed.backup(id);
      await running;
      expect(await bed.backup(id))
        .to.deep.equal(second)
        .and.to.include({ status: 'done', attempt: 2 });
      expect(keysOf(second, 1)).to.have.length(0);
      expect(keysOf(second, 2)).to.have.length(2);
    });

    it('changes nothing when it settles late, and removes its objects', async () => {
      const { id } = await bed.newBackup();
      const { engine, begun, letGo } = held();
      const running = run(id, { engine, backups: { heartbeat: () => Promise.resolve('ok') } });
      await begun;
      await takeOver(id);
      await run(id, { worker: 'worker-2' });
      const second = await bed.backup(id);
      letGo();
      await running;
      expect(store.stored).to.have.length(4);
      expect(await bed.backup(id))
        .to.deep.equal(second)
        .and.to.include({ status: 'done', attempt: 2 });
      expect(keysOf(second, 1)).to.have.length(0);
      expect(keysOf(second, 2)).to.have.length(2);
    });

    it('stops by its own clock when the database does not confirm its lease', async () => {
      for (const heartbeat of [
        () => Promise.reject(new Error('the database is away')),
        () => new Promise<never>(() => undefined),
      ]) {
        await forgetWork();
        const { id } = await bed.newBackup();
        const { engine } = held();
        const fail = (): never => expect.fail('a lost attempt says nothing');
        const settings = { HOLDFAST_LEASE_SECONDS: '0.5' };
        const startedAt = performance.now();
        await run(id, { engine, settings, backups: { heartbeat, fail, settle: fail, handBack: fail } });
        expect(performance.now() - startedAt).to.be.within(400, 20_000);
        expect(await bed.backup(id)).to.include({ status: 'pending', attempt: 1 });
      }
    });

    it('does not lose a whole backup because the database is away for a moment', async () => {
      const { id } = await bed.newBackup();
      let tries = 0;
      const settle: BackupRepository['settle'] = async (...result) => {
        tries += 1;
        if (tries < 3) throw new Error('terminating connection due to administrator command');
        return bed.persistence.backups.settle(...result);
      };
      await run(id, { backups: { settle } });
      expect(await bed.backup(id)).to.include({ status: 'done', attempt: 1, failures: 0 });
    });

    it('keeps the objects of a settle whose answer was lost', async () => {
      const { id } = await bed.newBackup();
      let tries = 0;
      const settle: BackupRepository['settle'] = async (...result) => {
        tries += 1;
        const settled = await bed.persistence.backups.settle(...result);
        if (tries === 1) throw new Error('Connection terminated unexpectedly');
        expect(settled).to.equal(false);
        return settled;
      };
      await run(id, { backups: { settle } });
      const backup = await bed.backup(id);
      expect(backup).to.include({ status: 'done', attempt: 1 });
      expect(keysOf(backup, 1)).to.have.length(2);
    });

    it('keeps the objects when it does not learn whether it settled', async () => {
      const { id } = await bed.newBackup();
      const settle = (): Promise<never> => Promise.reject(new Error('the database is away'));
      await run(id, { settings: { HOLDFAST_LEASE_SECONDS: '0.5' }, backups: { settle, heartbeat: settle } });
      const backup = await bed.backup(id);
      expect(backup).to.include({ status: 'pending' });
      expect(keysOf(backup, 1)).to.have.length(2);
    });

    it('hands back when the worker must stop, and counts no failure', async () => {
      const { id } = await bed.newBackup();
      const { engine, begun } = held();
      const running = run(id, { engine });
      await begun;
      stopping.abort(new HoldfastError('stopping'));
      await running;
      expect(await bed.backup(id)).to.include({ status: 'scheduled', attempt: 1, failures: 0, error: null });
      expect(store.objects.size).to.equal(0);
    });

    it('does not obey the signal of its job: the lease decides', async () => {
      const { id } = await bed.newBackup();
      const job = { jobId: 'job', signal: AbortSignal.abort(new HoldfastError('lease_lost')) };
      await worker()['backup.run@1']({ backupId: id, requestId: null }, job);
      expect(await bed.backup(id)).to.include({ status: 'done' });
    });

    it('logs what is needed to follow a backup, and no secret', async () => {
      const { id } = await bed.newBackup();
      engine.dump = () => {
        const error = new Error('could not connect');
        return Promise.reject(Object.assign(error, { connectionString: bed.database.password?.reveal() }));
      };
      await run(id);
      const lines = bed
        .log()
        .split('\n')
        .filter((line) => line.includes(id));
      const last = JSON.parse(lines.findLast((line) => line.includes('tried again')) ?? '{}') as Record<
        string,
        unknown
      >;
      expect(last).to.include({ backupId: id, attempt: 1, requestId: 'request-1', code: 'internal', bytes: 0 });
      expect(last).to.have.property('seconds').that.is.a('number');
      expect(last).to.have.property('stack').that.includes('could not connect');
      expect(bed.log()).not.to.include('hunter2');
    });
  });

  describe('restore.run@1', () => {
    async function doneBackup(): Promise<string> {
      const { id } = await bed.newBackup();
      await run(id);
      return id;
    }

    it('restores a backup and settles with what the target holds now', async () => {
      const { id } = await bed.newRestore(await doneBackup());
      await restore(id);
      expect(engine.restored?.equals(content)).to.equal(true);
      expect(await bed.restore(id)).to.include({ status: 'done', outcome: 'shop holds the backup.' });
      expect(engine.cleaned).to.deep.equal([]);
    });

    it('cleans up after a failed attempt and before the next one', async () => {
      const { id } = await bed.newRestore(await doneBackup());
      engine.onChunk = () => {
        throw new HoldfastError('restore_killed', 'pg_restore was ended by SIGKILL.');
      };
      await restore(id);
      expect(await bed.restore(id)).to.include({ status: 'scheduled', failures: 1 });
      expect(engine.cleaned).to.deep.equal([id]);
      engine.onChunk = () => undefined;
      await until('the next attempt to be due', 15, async () => (await bed.restore(id)).runAfter <= new Date());
      await restore(id);
      expect(await bed.restore(id)).to.include({ status: 'done', attempt: 2 });
      expect(engine.cleaned).to.deep.equal([id, id]);
    });

    it('touches nothing beside the target any more when its lease was lost', async () => {
      const { id } = await bed.newRestore(await doneBackup());
      engine.onChunk = async (signal) => {
        await database.query(`update holdfast.restores set lease_until = now() - interval '1 second'`);
        await bed.persistence.restores.reapExpired(10, 60);
        await once(signal, 'abort');
      };
      await restore(id);
      expect(await bed.restore(id)).to.include({ status: 'scheduled' });
      expect(engine.restored).to.equal(null);
      expect(engine.cleaned).to.deep.equal([]);
    });

    it('ends with integrity when the stored object was changed', async () => {
      const backupId = await doneBackup();
      const [file] = await bed.persistence.backups.files(backupId);
      store.objects.get(file?.key ?? '')?.fill(0, 1000, 1001);
      const { id } = await bed.newRestore(backupId);
      await restore(id);
      const row = await bed.restore(id);
      expect(row).to.include({ status: 'error', attempt: 1 });
      expect(row.error).to.include({ code: 'integrity' });
      expect(engine.restored).to.equal(null);
    });

    it('hands back when the worker must stop, cleaned up', async () => {
      const { id } = await bed.newRestore(await doneBackup());
      engine.onChunk = () => stopping.abort(new HoldfastError('stopping'));
      await restore(id);
      expect(await bed.restore(id)).to.include({ status: 'scheduled', failures: 0 });
      expect(engine.cleaned).to.deep.equal([id]);
    });

    it('refuses a backup that is not whole', async () => {
      const { id } = await bed.newRestore((await bed.newBackup()).id);
      await restore(id);
      expect((await bed.restore(id)).error).to.include({ code: 'object_missing' });
    });
  });

  describe('attempt.sweep@1', () => {
    it('removes what an ended attempt left, once, and nothing of another one', async () => {
      const { id } = await bed.newBackup();
      const remove = store.delete.bind(store);
      store.delete = () => Promise.reject(new HoldfastError('store_unreachable'));
      store.onChunk = (key) => {
        if (key.endsWith('manifest.json')) throw new HoldfastError('store_failed');
      };
      await run(id);
      store.delete = remove;
      store.onChunk = () => undefined;
      await until('the next attempt to be due', 15, async () => (await bed.backup(id)).runAfter <= new Date());
      await run(id);
      const backup = await bed.backup(id);
      expect(keysOf(backup, 1)).to.have.length(1);
      await sweep(id, 1);
      expect(keysOf(backup, 1)).to.have.length(0);
      expect(keysOf(backup, 2)).to.have.length(2);
      expect((await bed.persistence.backups.findAttempt(id, 1))?.sweptAt).to.be.instanceOf(Date);
    });

    it('never touches an attempt that settled, runs or is unknown', async () => {
      const { id } = await bed.newBackup();
      await run(id);
      await sweep(id, 1);
      await sweep(id, 2);
      expect(keysOf(await bed.backup(id), 1)).to.have.length(2);

      const { id: other } = await bed.newBackup();
      const { engine, begun, letGo } = held();
      const running = run(other, { engine });
      await begun;
      const remove = store.delete.bind(store);
      store.delete = () => expect.fail('it touched an attempt that runs');
      await sweep(other, 1);
      store.delete = remove;
      letGo();
      await running;
      expect(keysOf(await bed.backup(other), 1)).to.have.length(2);
      expect((await bed.persistence.backups.findAttempt(id, 1))?.sweptAt).to.equal(null);
    });

    it('never touches the attempt that the row stands on, whatever the record of attempts says', async () => {
      const { id } = await bed.newBackup();
      await run(id);
      await database.query(`update holdfast.backup_attempts set settled = false where backup_id = '${id}'`);
      await sweep(id, 1);
      expect(keysOf(await bed.backup(id), 1)).to.have.length(2);
    });

    it('is tried again when the store is away', async () => {
      const { id } = await bed.newBackup();
      engine.produce = () => Readable.from([], { objectMode: false });
      await run(id);
      store.delete = () => Promise.reject(new HoldfastError('store_unreachable'));
      const error: unknown = await sweep(id, 1).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'store_unreachable' });
      expect((await bed.persistence.backups.findAttempt(id, 1))?.sweptAt).to.equal(null);
    });
  });
});

/** The repository with some of its methods replaced. */
function replacing(backups: BackupRepository, change: Partial<BackupRepository>): BackupRepository {
  return new Proxy(backups, {
    get: (target, name) => {
      const value: unknown = Reflect.get(change, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
