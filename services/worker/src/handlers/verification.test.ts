import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { VerificationRepository } from '@holdfast/persistence';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { HoldfastError, type Backup, type Verification, type VerificationLevel } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const content = randomBytes(300_000);
const context = { jobId: 'job', signal: new AbortController().signal };

describe('verification.run@1', () => {
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
    await database.query('truncate holdfast.backups cascade');
    store = new MemoryStore();
    engine = new FakeEngine(content);
    stopping = new AbortController();
  });

  function worker(verifications: Partial<VerificationRepository> = {}): JobHandlers {
    const repository = new Proxy(bed.persistence.verifications, {
      get: (target, name) => {
        const found: unknown = Reflect.get(Object.hasOwn(verifications, name) ? verifications : target, name);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    return createHandlers({
      settings: bed.settings(),
      logger: bed.logger,
      persistence: { ...bed.persistence, verifications: repository },
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => engine },
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: stopping.signal,
    });
  }

  const run = (verificationId: string, change?: Partial<VerificationRepository>): Promise<void> =>
    worker(change)['verification.run@1']({ verificationId, requestId: null }, context);
  const sweep = (verificationId: string): Promise<void> =>
    worker()['verification.sweep@1']({ verificationId, requestId: null }, context);

  async function backedUp(): Promise<Backup> {
    const { id } = await bed.newBackup();
    await worker()['backup.run@1']({ backupId: id, requestId: null }, context);
    return await bed.backup(id);
  }

  async function newVerification(backupId: string, level: VerificationLevel = 'restorable'): Promise<Verification> {
    const wanted = {
      backupId,
      scratchDatabaseId: null,
      cause: 'manual',
      level,
      requestId: 'r',
      maxFailures: 3,
    } as const;
    const made = await bed.persistence.verifications.create(wanted);
    if (made === null || typeof made === 'string') throw new Error(`No verification: ${made}.`);
    return made;
  }

  async function find(id: string): Promise<Verification> {
    const found = await bed.persistence.verifications.find(id);
    if (!found) throw new Error('The verification is gone.');
    return found;
  }

  const breakDump = (backup: Backup): void => {
    const key = [...store.objects.keys()].find((each) => each.includes(backup.id) && each.includes('dump')) ?? '';
    const bytes = Buffer.from(store.objects.get(key) ?? Buffer.alloc(0));
    bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000);
    store.objects.set(key, bytes);
  };

  it('records what was proven on the verification and on its backup', async () => {
    const backup = await backedUp();
    expect(backup).to.include({ verifiedLevel: 'stored', verifiedAt: null });
    const { id } = await newVerification(backup.id);
    await run(id);
    expect(await find(id)).to.include({ status: 'done', attempt: 1, reached: 'restorable', leaseOwner: null });
    const proven = await bed.backup(backup.id);
    expect(proven).to.include({ verifiedLevel: 'restorable', damagedAt: null });
    expect(proven.verifiedAt).to.be.instanceOf(Date);
    expect(store.closed).to.equal(2);
  });

  it('says at its end how many bytes it read, however soon that was', async () => {
    const { id } = await newVerification((await backedUp()).id, 'readable');
    await run(id);
    const attempts = (await bed.persistence.verifications.attemptsOf([id])).get(id);
    expect([(await find(id)).progressBytes, attempts?.[0]?.bytes]).to.deep.equal([content.length, content.length]);
  });

  it('flags a backup whose bytes were changed, and takes that back when they are right again', async () => {
    const backup = await backedUp();
    const kept = new Map(store.objects);
    breakDump(backup);
    const first = await newVerification(backup.id, 'readable');
    await run(first.id);
    expect(await find(first.id)).to.include({ status: 'done', reached: null });
    const damaged = await bed.backup(backup.id);
    expect(damaged).to.include({ verifiedLevel: null });
    expect(damaged.damage).to.include({ state: 'changed', by: 'verification' });
    for (const [key, bytes] of kept) store.objects.set(key, bytes);
    const second = await newVerification(backup.id, 'readable');
    await run(second.id);
    expect(await bed.backup(backup.id)).to.include({ verifiedLevel: 'readable', damage: null, damagedAt: null });
  });

  it('is tried again while the store is away, and then says nothing of the backup', async () => {
    const backup = await backedUp();
    store.get = () => Promise.reject(new HoldfastError('store_unreachable', 'No route to the store.'));
    const { id } = await newVerification(backup.id);
    for (const status of ['scheduled', 'scheduled', 'error']) {
      await until('the next attempt to be due', 15, async () => (await find(id)).runAfter <= new Date());
      await run(id);
      expect(await find(id)).to.include({ status, reached: null });
    }
    expect(await bed.backup(backup.id)).to.deep.include({ verifiedLevel: 'stored', verifiedAt: null, damage: null });
  });

  it('stops when it is cancelled or must stop, and drops its scratch database', async () => {
    for (const how of ['cancel', 'stop'] as const) {
      const backup = await backedUp();
      const { id } = await newVerification(backup.id);
      const begun = Promise.withResolvers<void>();
      engine.restore = (_connection, _request, input, { signal }) =>
        new Promise((_resolve, reject) => {
          input.resume();
          begun.resolve();
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      engine.dropped.length = 0;
      const running = run(id);
      await begun.promise;
      if (how === 'cancel') await bed.persistence.verifications.requestCancel(id);
      else stopping.abort(new HoldfastError('stopping'));
      await running;
      expect(await find(id)).to.include(how === 'cancel' ? { status: 'error' } : { status: 'scheduled', failures: 0 });
      expect(engine.dropped.filter((dropped) => dropped === id)).to.have.length.at.least(2);
    }
  });

  it('changes nothing when it settles after it was taken over', async () => {
    const backup = await backedUp();
    breakDump(backup);
    const { id } = await newVerification(backup.id, 'readable');
    await run(id, {
      heartbeat: () => Promise.resolve('ok'),
      settle: async (...verdict) => {
        await database.query(`update holdfast.verifications set lease_until = now() - interval '1 second'`);
        await bed.persistence.verifications.reapExpired(10, 0);
        return await bed.persistence.verifications.settle(...verdict);
      },
    });
    expect(await find(id)).to.include({ status: 'scheduled', attempt: 1, reached: null });
    expect(await bed.backup(backup.id)).to.deep.include({ verifiedLevel: 'stored', damage: null });
  });

  it('leaves what it could not drop to the sweep, which touches none that runs', async () => {
    const backup = await backedUp();
    const { id } = await newVerification(backup.id);
    const dropRestored = engine.dropRestored.bind(engine);
    engine.dropRestored = () => Promise.reject(new HoldfastError('host_unreachable'));
    engine.cleaned.length = 0;
    await sweep(id);
    expect(engine.cleaned).to.have.length(0);
    engine.restore = () => Promise.reject(new HoldfastError('restore_failed', 'An extension is missing.'));
    // What stands in the way of the drop before it stands in the way of the restore.
    engine.dropRestored = dropRestored;
    await run(id);
    expect(await find(id)).to.include({ status: 'done', reached: 'readable' });
    engine.dropped.length = 0;
    await sweep(id);
    expect(engine.dropped).to.deep.equal([id]);
    expect(await bed.persistence.verifications.takeSweepable(10, 0, 0)).to.have.length(0);
  });
});
