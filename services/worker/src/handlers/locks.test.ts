import { randomBytes } from 'node:crypto';
import {
  attemptPrefix,
  HoldfastError,
  ObjectLockedError,
  Secret,
  type Backup,
  type Destination,
  type LockTerms,
} from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const context = { jobId: 'job', signal: new AbortController().signal };
const dayMs = 24 * 3_600_000;

describe('a destination that locks', () => {
  let database: TestDatabase;
  let bed: Bed;
  let store: MemoryStore;
  let locking: Destination;
  const lock: LockTerms = { mode: 'compliance', days: 3 };

  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url);
    locking = await bed.persistence.destinations.create(bed.database.accountId, {
      label: 'Locked',
      type: 'custom_s3',
      settings: {
        bucket: 'b',
        region: null,
        endpoint: 'https://s3.example.com',
        pathStyle: true,
        prefix: '',
        maxParts: 1000,
        objectLock: lock,
      },
      accessKey: new Secret('a'),
      secretKey: new Secret('s'),
    });
  });
  after(async () => {
    await bed.close();
    await database.drop();
  });
  beforeEach(async () => {
    await database.query('truncate holdfast.backups cascade');
    store = new MemoryStore();
  });

  const handlers = () =>
    createHandlers({
      settings: bed.settings({ HOLDFAST_MAX_FAILURES: '1' }),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => new FakeEngine(randomBytes(50_000)) },
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
    });

  async function made(scheduleId: string | null = null): Promise<Backup> {
    const { id } = await bed.newBackup();
    await database.query(
      `update holdfast.backups set destination_id = ${locking.id}${scheduleId === null ? '' : `, schedule_id = '${scheduleId}'`}
       where id = '${id}'`,
    );
    await handlers()['backup.run@1']({ backupId: id, requestId: null }, context);
    return await bed.backup(id);
  }
  const remove = (id: string) => handlers()['backup.delete@1']({ backupId: id, requestId: null }, context);
  const sweep = (backupId: string) => handlers()['attempt.sweep@1']({ backupId, attempt: 1, requestId: null }, context);
  const daysFrom = (from: Date, until: Date | null | undefined): number =>
    ((until?.getTime() ?? 0) - from.getTime()) / dayMs;
  const delay = (reason: string) => database.query(`update holdfast.backups set object_locked_until = ${reason}`);

  it('has every object of a backup locked, and remembers until when', async () => {
    const before = new Date();
    const backup = await made();
    expect(backup.status).to.equal('done');
    expect([...store.locks.keys()]).to.have.members([...store.objects.keys()]);
    for (const until of store.locks.values()) expect(daysFrom(before, until)).to.be.closeTo(3, 0.01);
    const last = Math.max(...[...store.locks.values()].map((until) => until.getTime()));
    expect(backup.objectLockedUntil?.getTime()).to.equal(last);
  });

  it('has it locked for as long as its schedule keeps it by its age, where that is longer', async () => {
    const schedule = await bed.persistence.schedules.create(bed.database.accountId, {
      databaseId: bed.database.id,
      destinationId: locking.id,
      cron: '0 3 * * *',
      timezone: 'UTC',
      retention: { keepDays: 30 },
      enabled: false,
      catchUp: 'once',
      overlap: 'skip',
      graceSeconds: 0,
      jitterSeconds: 0,
      isPeriodicSetting: false,
    });
    const before = new Date();
    expect(daysFrom(before, (await made(schedule?.id)).objectLockedUntil)).to.be.closeTo(30, 0.01);
  });

  it('lets nobody delete a backup before, neither one who asks nor a policy nor the removal of the destination', async () => {
    const backup = await made();
    const { backups, destinations } = bed.persistence;
    const ask = () => backups.requestDeletion(backup.accountId, backup.id, { graceSeconds: 0 });
    expect(await ask()).to.equal('object_locked');
    expect(await destinations.requestDeletion(backup.accountId, locking.id)).to.include({ busyBackups: 1 });
    await delay(`now() - interval '1 second'`);
    expect(await ask()).to.equal('requested');
  });

  it('puts a removal off until the store allows it, without an alert, and then does it', async () => {
    const backup = await made();
    await delay('null');
    await bed.persistence.backups.requestDeletion(backup.accountId, backup.id, { graceSeconds: 0 });
    await remove(backup.id);
    const keys = [...store.objects.keys()];
    expect(keys).to.have.length(2);
    const [row] = await bed.persistence.backups.deletionsOf(backup.databaseId, 10);
    expect(row).to.include({ state: 'removing', failures: 0, error: null });
    expect(row?.dueAt.getTime()).to.equal(
      store.locks.get(keys.find((key) => key.endsWith('manifest.json')) ?? '')?.getTime(),
    );
    expect(row?.backup.objectLockedUntil?.getTime()).to.equal(row?.dueAt.getTime());
    expect(await bed.persistence.backups.takeDeletable(10, 0)).to.deep.equal([]);
    const { raised } = await bed.persistence.alerts.update();
    expect(raised.map(({ kind }) => kind)).to.not.include('deletion_failed');

    store.locks.clear();
    await database.query(`update holdfast.backups set deletion_due_at = now() where id = '${backup.id}'`);
    expect(await bed.persistence.backups.takeDeletable(10, 0)).to.have.length(1);
    await remove(backup.id);
    expect(store.objects.size).to.equal(0);
    expect((await bed.persistence.backups.deletionsOf(backup.databaseId, 10))[0]).to.include({ state: 'deleted' });
  });

  it('removes what somebody hid, too, and does not believe a store that still keeps versions of it', async () => {
    const backup = await made();
    await delay('null');
    store.locks.clear();
    const hidden = `${attemptPrefix(backup, 1)}hidden`;
    const kept = new Set([hidden]);
    store.listHidden = async function* list() {
      yield* kept;
    };
    const really = store.delete.bind(store);
    let lies = true;
    store.delete = async (key) => {
      if (!lies) kept.delete(key);
      await really(key);
    };
    await bed.persistence.backups.requestDeletion(backup.accountId, backup.id, { graceSeconds: 0 });
    await remove(backup.id);
    const [failed] = await bed.persistence.backups.deletionsOf(backup.databaseId, 10);
    expect(failed?.error?.message).to.include('still keeps versions of');
    lies = false;
    await remove(backup.id);
    expect((await bed.persistence.backups.deletionsOf(backup.databaseId, 10))[0]).to.include({ state: 'deleted' });
    expect(kept.size).to.equal(0);
  });

  it('says that a removal fails where a hold has no end', async () => {
    const backup = await made();
    await delay('null');
    await bed.persistence.backups.requestDeletion(backup.accountId, backup.id, { graceSeconds: 0 });
    store.delete = (key) => Promise.reject(new ObjectLockedError(key, null));
    await remove(backup.id);
    const [row] = await bed.persistence.backups.deletionsOf(backup.databaseId, 10);
    expect(row).to.deep.include({ state: 'failed', failures: 1 });
    expect(row?.error?.message).to.include('release the hold');
  });

  it('puts the sweep of a failed attempt off until the store allows it, and then does it', async () => {
    store.onChunk = (key) => {
      if (key.endsWith('manifest.json')) throw new HoldfastError('store_denied');
    };
    const backup = await made();
    expect(backup.status).to.equal('error');
    const prefix = attemptPrefix(backup, 1);
    expect([...store.objects.keys()].filter((key) => key.startsWith(prefix))).to.have.length(1);
    await sweep(backup.id);
    const { backups } = bed.persistence;
    expect((await backups.findAttempt(backup.id, 1))?.sweptAt).to.equal(null);
    expect(await backups.takeSweepable(10, 0, 0)).to.deep.equal([]);
    store.locks.clear();
    await database.query('update holdfast.backup_attempts set rung_at = now()');
    expect(await backups.takeSweepable(10, 0, 0)).to.have.length(1);
    await sweep(backup.id);
    expect(store.objects.size).to.equal(0);
    expect((await backups.findAttempt(backup.id, 1))?.sweptAt).to.not.equal(null);
  });

  it('is compared without a word about what is locked, and what it can do is noted', async () => {
    const stray = 'holdfast-probe-01991f4d-3b52-7e4c-8f0a-5b8b36104ffb';
    store.objects.set(stray, Buffer.from('left by a killed trial'));
    store.locks.set(stray, new Date(Date.now() + dayMs));
    await database.query(`update holdfast.destinations set capabilities = null where id = ${locking.id}`);
    const compare = async () => {
      await bed.persistence.reconciliations.request(locking.id, 'request-1');
      await handlers()['destination.reconcile@1']({ destinationId: locking.id, requestId: null }, context);
      return await bed.persistence.reconciliations.find(locking.id);
    };
    await compare();
    await database.query(`update holdfast.orphans set first_seen_at = now() - interval '1 year'`);
    const done = await compare();
    expect(done?.error).to.equal(null);
    expect(store.objects.has(stray)).to.equal(true);
    expect((await bed.persistence.destinations.find(locking.id))?.capabilities).to.include({ writerMayDelete: true });
    store.locks.clear();
    await compare();
    expect(store.objects.has(stray)).to.equal(false);
  });

  it('says of a backup that was hidden that it can be brought back', async () => {
    const backup = await made();
    const key = backup.manifestKey ?? '';
    store.objects.delete(key);
    store.listHidden = async function* hidden() {
      yield key;
    };
    await bed.persistence.reconciliations.request(locking.id, 'request-1');
    await handlers()['destination.reconcile@1']({ destinationId: locking.id, requestId: null }, context);
    expect((await bed.backup(backup.id)).damage).to.deep.include({
      state: 'missing',
      detail: `${key} is missing. It was deleted, and an older version is still there: bring that back.`,
    });
  });
});
