import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const content = randomBytes(300_000);
const context = { jobId: 'job', signal: new AbortController().signal };
const never = new Promise<never>(() => undefined);

describe('an attempt', () => {
  let database: TestDatabase;
  let bed: Bed;
  let store: MemoryStore;
  let engine: FakeEngine;

  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url);
  });
  after(async () => {
    await bed.close();
    await database.drop();
  });
  beforeEach(async () => {
    await database.query('truncate holdfast.backups cascade');
    store = new MemoryStore();
    engine = new FakeEngine(content);
  });

  function worker(settings: Record<string, string> = {}, persistence = bed.persistence): JobHandlers {
    return createHandlers({
      settings: bed.settings(settings),
      logger: bed.logger,
      persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => engine },
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
    });
  }

  const run = (id: string, settings?: Record<string, string>): Promise<void> =>
    worker(settings)['backup.run@1']({ backupId: id, requestId: null }, context);
  const restore = (id: string, settings?: Record<string, string>): Promise<void> =>
    worker(settings)['restore.run@1']({ restoreId: id, requestId: null }, context);
  const sweep = (id: string): Promise<void> => worker()['restore.sweep@1']({ restoreId: id, requestId: null }, context);

  async function newRestore(): Promise<string> {
    const { id } = await bed.newBackup();
    await run(id);
    return (await bed.newRestore(id)).id;
  }

  /** A dump that gives one piece and then nothing. @returns the stream, once it was asked for */
  function silentDump(): Promise<Readable> {
    const begun = Promise.withResolvers<Readable>();
    engine.produce = () => {
      const stream = new Readable({ read: () => undefined });
      stream.push(Buffer.alloc(1000));
      begun.resolve(stream);
      return stream;
    };
    return begun.promise;
  }

  it('hears a cancel within two seconds, however seldom it beats', async () => {
    const { id } = await bed.newBackup();
    const begun = silentDump();
    const running = run(id, { HOLDFAST_LEASE_SECONDS: '120', HOLDFAST_HEARTBEAT_SECONDS: '60' });
    const dump = await begun;
    await bed.persistence.backups.requestCancel(id);
    const asked = performance.now();
    await running;
    // Two seconds where the machine has time; the next beat would come after sixty.
    expect(performance.now() - asked).to.be.below(15_000);
    expect((await bed.backup(id)).error).to.include({ code: 'cancelled' });
    expect(dump.destroyed).to.equal(true);
    expect(store.objects.size).to.equal(0);
  });

  it('that is cancelled in the moment of its end is either done or cancelled, and its objects are there or are not', async () => {
    const { backups } = bed.persistence;
    for (let turn = 0; turn < 12; turn += 1) {
      const { id } = await bed.newBackup();
      const settle: typeof backups.settle = async (...result) => {
        const cancelled = turn % 3 === 0 ? await backups.requestCancel(id) : backups.requestCancel(id);
        const settled = await backups.settle(...result);
        await cancelled;
        return settled;
      };
      const racing = new Proxy(backups, {
        get: (all, name) => {
          if (name === 'settle') return settle;
          const value: unknown = Reflect.get(all, name, all);
          return typeof value === 'function' ? (value.bind(all) as unknown) : value;
        },
      });
      const handlers = worker({}, { ...bed.persistence, backups: racing });
      const running = handlers['backup.run@1']({ backupId: id, requestId: null }, context);
      if (turn % 3 === 1) {
        await delay(turn * 4);
        await backups.requestCancel(id);
      }
      await running;
      const { status, error } = await bed.backup(id);
      const held = [...store.objects.keys()].filter((key) => key.includes(id));
      expect([status, error?.code, held.length]).to.be.deep.oneOf([
        ['done', undefined, 2],
        ['error', 'cancelled', 0],
      ]);
    }
  });

  it('tells how many bytes it came to, also when it ends before its first heartbeat', async () => {
    const { backups, restores } = bed.persistence;
    const seldom = { HOLDFAST_LEASE_SECONDS: '120', HOLDFAST_HEARTBEAT_SECONDS: '60' };
    const failed = await bed.newBackup();
    void silentDump();
    await run(failed.id, { ...seldom, HOLDFAST_STALL_SECONDS: '0.3' });
    expect((await backups.attemptsOf([failed.id])).get(failed.id)).to.have.nested.property('[0].bytes', 1000);

    // Due again in a moment, it would go before the next backup of its database.
    await backups.requestCancel(failed.id);
    engine = new FakeEngine(content);
    const restored = await newRestore();
    await restore(restored, seldom);
    const restoring = (await restores.attemptsOf([restored])).get(restored);
    expect(restoring).to.have.nested.property('[0].bytes', content.length);
    expect(await bed.restore(restored)).to.include({ progressBytes: content.length });
  });

  it('ends when its dump gives no byte, and is tried again', async () => {
    const { id } = await bed.newBackup();
    const begun = silentDump();
    await run(id, { HOLDFAST_STALL_SECONDS: '0.3' });
    const backup = await bed.backup(id);
    expect(backup).to.include({ status: 'scheduled', failures: 1 });
    expect(backup.error).to.include({ code: 'stalled' });
    expect(backup.error?.message).to.contain('the dump program');
    expect((await begun).destroyed).to.equal(true);
  });

  it('ends when its server does not let a dump begin', async () => {
    const { id } = await bed.newBackup();
    engine.dump = (_connection, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    await run(id, { HOLDFAST_STALL_SECONDS: '0.3' });
    expect((await bed.backup(id)).error).to.include({ code: 'stalled' });
  });

  it('ends when its store takes nothing beyond its own patience', async () => {
    const { id } = await bed.newBackup();
    store.onChunk = () => never;
    store.put = (_key, body, { signal }) =>
      new Promise((_resolve, reject) => {
        body.once('readable', () => undefined);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    engine.content = randomBytes(20_000_000);
    await run(id, { HOLDFAST_STALL_SECONDS: '0.3', HOLDFAST_STORE_PATIENCE_SECONDS: '0.3' });
    const { error } = await bed.backup(id);
    expect(error).to.include({ code: 'stalled' });
    expect(error?.message).to.contain('the store');
  });

  it('takes no longer than it may as a whole', async () => {
    const { id } = await bed.newBackup();
    void silentDump();
    await run(id, { HOLDFAST_ATTEMPT_LIMIT_SECONDS: '0.3' });
    expect((await bed.backup(id)).error).to.include({ code: 'timed_out' });
  });

  it('is followed by one more, and no third, after a failure that nobody knows', async () => {
    const { id } = await bed.newBackup();
    engine.dump = () => Promise.reject(new HoldfastError('dump_failed', 'pg_dump: error: what is this?'));
    await run(id);
    expect(await bed.backup(id)).to.include({ status: 'scheduled', failures: 1, maxFailures: 3 });
    await until('the next attempt to be due', 15, async () => (await bed.backup(id)).runAfter <= new Date());
    await run(id);
    expect(await bed.backup(id)).to.include({ status: 'error', failures: 2 });
  });

  it('of a restore ends when the database takes no byte for too long', async () => {
    const id = await newRestore();
    engine.onChunk = (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    await restore(id, { HOLDFAST_RESTORE_STALL_SECONDS: '0.3' });
    const { error } = await bed.restore(id);
    expect(error).to.include({ code: 'stalled' });
    expect(error?.message).to.contain('the database took no byte');
  });

  it('of a restore ends when the store gives no byte beyond its own patience', async () => {
    const id = await newRestore();
    const get = store.get.bind(store);
    store.get = async (key, options) =>
      key.endsWith('manifest.json') ? get(key, options) : new Readable({ read: () => undefined });
    await restore(id, { HOLDFAST_STALL_SECONDS: '0.2', HOLDFAST_STORE_PATIENCE_SECONDS: '0.2' });
    const { error } = await bed.restore(id);
    expect(error).to.include({ code: 'stalled' });
    expect(error?.message).to.contain('the store gave no byte');
  });

  it('of a restore settles what an earlier one had finished unheard, and restores nothing again', async () => {
    const id = await newRestore();
    engine.onChunk = () => {
      throw new HoldfastError('connection_lost');
    };
    await restore(id);
    engine.found = 'The new database holds the backup.';
    engine.received = 0;
    await until('the next attempt to be due', 15, async () => (await bed.restore(id)).runAfter <= new Date());
    await restore(id);
    expect(await bed.restore(id)).to.include({ status: 'done', attempt: 2, outcome: engine.found });
    expect(engine.received).to.equal(0);
  });

  describe('restore.sweep@1', () => {
    const leftOf = async (id: string): Promise<number> => {
      const left = await database.query(
        `select from holdfast.restore_attempts where restore_id = '${id}' and not settled and swept_at is null`,
      );
      return left.length;
    };

    it('removes what a failed restore left, as soon as its server is there', async () => {
      const id = await newRestore();
      engine.onChunk = () => {
        throw new HoldfastError('restore_failed', 'no space');
      };
      const cleanUp = engine.cleanUpRestore.bind(engine);
      engine.cleanUpRestore = () => Promise.reject(new HoldfastError('host_unreachable'));
      await restore(id);
      expect(await bed.restore(id)).to.include({ status: 'error' });
      await sweep(id).catch((error: unknown) => expect(error).to.include({ code: 'host_unreachable' }));
      expect(await leftOf(id)).to.equal(1);
      engine.cleanUpRestore = cleanUp;
      await sweep(id);
      expect(engine.cleaned).to.deep.equal([id]);
      expect(await leftOf(id)).to.equal(0);
    });

    it('leaves alone a restore that is to be tried again or runs', async () => {
      const id = await newRestore();
      await bed.persistence.restores.claim(id, { worker: 'other', seconds: 60 });
      await sweep(id);
      await bed.persistence.restores.handBack(id, 1);
      await sweep(id);
      expect(engine.cleaned).to.deep.equal([]);
    });

    it('removes the former content that a restore in place could not drop', async () => {
      const id = await newRestore();
      await restore(id);
      expect(engine.cleaned).to.deep.equal([]);
      await sweep(id);
      expect(engine.cleaned).to.deep.equal([id]);
      const left = `select from holdfast.restore_attempts where restore_id = '${id}' and swept_at is null`;
      expect(await database.query(left)).to.deep.equal([]);
    });
  });
});
