import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  attemptPrefix,
  HoldfastError,
  manifestName,
  probeKey,
  Secret,
  type Backup,
  type Destination,
  type ObjectStore,
  type Reconciliation,
} from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { openStore } from '@holdfast/stores';
import { FakeEngine } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const never = new AbortController().signal;
const context = { jobId: 'job', signal: never };
const hourMs = 3_600_000;

describe('destination.reconcile@1', () => {
  let database: TestDatabase;
  let bed: Bed;
  let s3: TestS3;
  let destination: Destination;
  let place = 0;

  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url);
    s3 = await startS3();
  });
  after(async () => {
    await bed.close();
    await s3.stop();
    await database.drop();
  });
  afterEach(() => s3.faults.clear());
  beforeEach(async () => {
    place += 1;
    destination = await newDestination(`place-${place}/`);
    await database.query('truncate holdfast.backups cascade');
    const change = { destinationId: destination.id };
    await bed.persistence.databases.update(bed.database.accountId, bed.database.id, change);
  });

  const newDestination = (prefix: string, accountId = bed.database.accountId, bucket = s3.bucket) =>
    bed.persistence.destinations.create(accountId, {
      label: 'S3',
      type: 'custom_s3',
      settings: { bucket, region: s3.region, endpoint: s3.endpoint, pathStyle: true, prefix, maxParts: 10_000 },
      accessKey: new Secret(s3.accessKey),
      secretKey: new Secret(s3.secretKey),
    });
  const storeOf = (of: Destination): ObjectStore =>
    openStore(of, { localRoot: null, allowedNetworks: ['127.0.0.0/8'], partConcurrency: 2, patienceSeconds: 1 });

  interface Change {
    settings?: Record<string, string>;
    /** Replaces methods of the store. */
    store?: (store: ObjectStore) => Partial<ObjectStore>;
    /** How much later it is. */
    laterMs?: number;
    signal?: AbortSignal;
  }

  function handlers({ settings = {}, store, laterMs = 0 }: Change = {}) {
    return createHandlers({
      settings: bed.settings({ HOLDFAST_ORPHAN_GRACE_SECONDS: '100000', ...settings }),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => new FakeEngine(randomBytes(20_000)) },
      openStore: (of) => {
        const opened = storeOf(of);
        return Object.assign(opened, store?.(opened));
      },
      clock: { now: () => new Date(systemClock.now().getTime() + laterMs) },
      ids: systemIds,
      workerName: 'worker-1',
      stopping: never,
    });
  }

  const { now } = Date;
  async function reconcile(change: Change = {}, of = destination): Promise<Reconciliation> {
    const { reconciliations } = bed.persistence;
    await reconciliations.request(of.id, 'r-1');
    const payload = { destinationId: of.id, requestId: 'r-1' };
    await handlers(change)['destination.reconcile@1'](payload, { ...context, signal: change.signal ?? never });
    const found = await reconciliations.find(of.id);
    if (!found) throw new Error('There is no record of the reconciliation.');
    return found;
  }
  async function done(): Promise<Backup> {
    const { id } = await bed.newBackup();
    await handlers()['backup.run@1']({ backupId: id, requestId: null }, context);
    const backup = await bed.backup(id);
    expect(backup.status).to.equal('done');
    return backup;
  }
  const dumpOf = (backup: Backup): string => `${attemptPrefix(backup, 1)}dump.fake.zst`;
  const store = async <T>(use: (store: ObjectStore) => Promise<T>, of = destination): Promise<T> => {
    const opened = storeOf(of);
    try {
      return await use(opened);
    } finally {
      await opened.close();
    }
  };
  const put = (key: string, text = 'x', of = destination) =>
    store((opened) => opened.put(key, Readable.from([Buffer.from(text)]), { signal: never }), of);
  const drop = (key: string) => store((opened) => opened.delete(key));
  const keys = () =>
    s3
      .objects()
      .map(({ key }) => key)
      .filter((key) => key.startsWith(`place-${place}/`))
      .map((key) => key.slice(`place-${place}/`.length))
      .sort();
  const orphans = async (of = destination) =>
    (await bed.persistence.reconciliations.orphans(of.id, 100)).map(({ key, known, removedAt }) => ({
      key,
      known,
      removed: removedAt !== null,
    }));
  const fileKeys = async ({ id }: Backup) => (await bed.persistence.backups.files(id)).map(({ key }) => key);
  const ageOrphans = () => database.query(`update holdfast.orphans set first_seen_at = now() - interval '2 days'`);

  it('finds nothing wrong with backups that are as recorded, and says what it looked at', async () => {
    const backups = [await done(), await done()];
    const { report, error, requestedAt, endedAt } = await reconcile();
    expect(error).to.equal(null);
    expect(requestedAt).to.equal(null);
    expect(endedAt).to.be.a('date');
    expect(report).to.include({ objects: 4, backups: 2, missing: 0, changed: 0, orphans: 0, removed: 0 });
    for (const { id } of backups) expect((await bed.backup(id)).damagedAt).to.equal(null);
  });

  it('flags what is missing or of another size, keeps which, and clears the flag when it is there again', async () => {
    const [whole, noDump, noManifest, short] = [await done(), await done(), await done(), await done()];
    const [dump = ''] = await fileKeys(noDump);
    const [cut = ''] = await fileKeys(short);
    const read = (key: string) =>
      store(async (opened) => Buffer.concat(await (await opened.get(key, { signal: never })).toArray()));
    const [kept, uncut] = [await read(dump), await read(cut)];
    await drop(dump);
    await drop(attemptPrefix(noManifest, 1) + manifestName);
    await put(cut, 'shorter');
    expect((await reconcile()).report).to.include({ backups: 4, missing: 2, changed: 1, recovered: 0 });
    expect(await bed.backup(noDump.id)).to.deep.include({
      damage: { state: 'missing', detail: `${dump} is missing.`, by: 'look' },
    });
    expect((await bed.backup(noManifest.id)).damage?.detail).to.contain(manifestName);
    expect((await bed.backup(short.id)).damage).to.deep.equal({
      state: 'changed',
      detail: `${cut} has 7 bytes instead of ${uncut.length}.`,
      by: 'look',
    });
    expect((await bed.backup(whole.id)).damagedAt).to.equal(null);
    await store((opened) => opened.put(dump, Readable.from([kept]), { signal: never }));
    await store((opened) => opened.put(cut, Readable.from([uncut]), { signal: never }));
    expect((await reconcile()).report).to.include({ missing: 1, changed: 0, recovered: 2 });
    expect(await bed.backup(noDump.id)).to.include({ damagedAt: null, damage: null });
    expect((await bed.backup(noManifest.id)).damagedAt).to.be.a('date');
  });

  it('leaves damage that a verification found, as only another verification takes it back', async () => {
    const { id } = await done();
    const { verifications } = bed.persistence;
    const asked = { scratchDatabaseId: null, cause: 'manual', level: 'readable', requestId: null } as const;
    const made = await verifications.create({ ...asked, backupId: id, maxFailures: 1 });
    if (made === null || typeof made === 'string') throw new Error('The verification was not created.');
    await verifications.claim(made.id, { worker: 'w', seconds: 60 });
    const damage = { state: 'changed', detail: 'Its digest is another one.' } as const;
    await verifications.settle(made.id, 1, { reached: null, findings: [], damage });
    expect((await reconcile()).report).to.include({ missing: 0, changed: 0, recovered: 0 });
    expect((await bed.backup(id)).damage).to.deep.equal({ ...damage, by: 'verification' });
  });

  it('believes no list alone: a backup that the store has is not flagged, and an old one makes the run fail', async () => {
    const backup = await done();
    const [dump] = await fileKeys(backup);
    const blind = (opened: ObjectStore): Partial<ObjectStore> => {
      const list = opened.list.bind(opened);
      return {
        async *list(prefix) {
          for await (const object of list(prefix)) if (object.key !== dump) yield object;
        },
      };
    };
    expect((await reconcile({ store: blind })).error, 'a list may lag').to.equal(null);
    await database.query(`update holdfast.backups set completed_at = now() - interval '2 hours'`);
    const { error, report } = await reconcile({ store: blind });
    expect(error?.message).to.contain("The store's list is not complete");
    expect(report, 'of the run before').to.include({ missing: 0 });
    expect((await bed.backup(backup.id)).damagedAt).to.equal(null);
  });

  it('takes an outage in the middle of the list for no loss, forgets nothing, and says why it failed', async () => {
    const backup = await done();
    await put('theirs');
    await reconcile();
    expect(await orphans()).to.deep.equal([{ key: 'theirs', known: false, removed: false }]);
    const breaking = (opened: ObjectStore): Partial<ObjectStore> => {
      const list = opened.list.bind(opened);
      return {
        async *list(prefix) {
          for await (const object of list(prefix)) {
            yield object;
            throw new HoldfastError('store_unreachable', 'The store went away.');
          }
        },
      };
    };
    const { error, endedAt, succeededAt, dueAt } = await reconcile({ store: breaking });
    expect(error).to.deep.equal({ code: 'store_unreachable', message: 'The store went away.' });
    expect(succeededAt?.getTime()).to.be.lessThan(endedAt?.getTime() ?? 0);
    expect(dueAt.getTime() - now()).to.be.within(0, 2 * hourMs);
    expect((await bed.backup(backup.id)).damagedAt).to.equal(null);
    expect(await orphans()).to.have.length(1);
    expect(bed.log()).to.contain('"alert":"reconciliation_failed"');
    expect((await reconcile()).error).to.equal(null);
  });

  it('raises one alarm when everything is missing, as in a wrong bucket, and removes nothing there', async () => {
    const swept = await leftByAZombie();
    await ageOrphans();
    const backups = [await done(), await done()];
    for (const backup of backups) for (const key of await fileKeys(backup)) await drop(key);
    const { error } = await reconcile({ settings: { HOLDFAST_ORPHAN_GRACE_SECONDS: '1' } });
    expect(error?.code).to.equal('object_missing');
    expect(error?.message).to.contain('None of the 2 backups');
    for (const { id } of backups) expect((await bed.backup(id)).damage?.state).to.equal('missing');
    expect(keys()).to.include(swept);
  });

  /** An object that an attempt of ours wrote after it was swept. */
  async function leftByAZombie(): Promise<string> {
    const { id } = await bed.newBackup();
    const { backups } = bed.persistence;
    const claimed = await backups.claim(id, { worker: 'zombie', seconds: 60 });
    if (!claimed) throw new Error('The test backup was not claimed.');
    const error = { code: 'dump_failed', message: 'x' } as const;
    await backups.fail(id, 1, { error, retryable: false, retryInSeconds: 0 });
    await backups.markSwept(id, 1);
    const key = `${attemptPrefix(claimed, 1)}dump.fake.zst`;
    await put(key);
    return key;
  }

  it('removes what is ours after the grace, by the records alone, and never what it does not know', async () => {
    const zombie = await leftByAZombie();
    const deleted = await done();
    const { backups } = bed.persistence;
    const hidden = await done();
    await backups.requestDeletion(deleted.accountId, deleted.id, { graceSeconds: 0 });
    await backups.beginRemoval(deleted.id);
    await backups.markDeleted(deleted.id);
    const tombstoned = [dumpOf(deleted), attemptPrefix(deleted, 1) + manifestName];
    const settled = await done();
    await backups.requestDeletion(hidden.accountId, hidden.id, { graceSeconds: 3600 });
    const foreign = [
      'holdfast-probe-not-an-id',
      'notes.txt',
      `${attemptPrefix(settled, 1)}added-by-somebody`,
      `${attemptPrefix(settled, 2)}dump.fake.zst`,
      `${attemptPrefix({ ...settled, databaseId: systemIds.uuid() }, 1)}dump.fake.zst`,
      `elsewhere/${zombie}`,
      zombie.replace('/a1/', '/a01/'),
      zombie.replace(settled.databaseId, systemIds.uuid()),
    ];
    for (const key of foreign) await put(key);
    const before = keys();
    const known = [zombie, ...tombstoned];
    const { report } = await reconcile();
    expect(report).to.include({ orphans: known.length + foreign.length, known: known.length, removed: 0 });
    expect((await orphans()).filter((one) => one.known).map(({ key }) => key)).to.have.members(known);
    expect(keys(), 'within the grace').to.deep.equal(before);
    await ageOrphans();
    expect((await reconcile()).report).to.include({ removed: known.length });
    expect(keys()).to.deep.equal(before.filter((key) => !known.includes(key)));
    expect(await orphans()).to.deep.include({ key: zombie, known: true, removed: true });
    const { report: last } = await reconcile({ laterMs: hourMs });
    expect(last).to.include({ orphans: foreign.length, known: 0, removed: 0, missing: 0 });
    for (const { id } of [hidden, settled]) expect((await bed.backup(id)).damagedAt).to.equal(null);
  });

  it('asks the records again before it removes: what they do not release any more stays', async () => {
    const zombie = await leftByAZombie();
    await reconcile();
    await ageOrphans();
    await database.query('update holdfast.backup_attempts set swept_at = null');
    await database.query("update holdfast.orphans set known = true, last_seen_at = now() + interval '1 minute'");
    await reconcile();
    expect(keys()).to.deep.equal([zombie]);
  });

  it('leaves alone what a running attempt writes, what awaits its sweep, and what is just being removed', async () => {
    const { backups } = bed.persistence;
    const removing = await done();
    await backups.requestDeletion(removing.accountId, removing.id, { graceSeconds: 0 });
    await backups.beginRemoval(removing.id);
    await drop(dumpOf(removing));
    const failed = await bed.newBackup();
    await backups.claim(failed.id, { worker: 'w', seconds: 60 });
    const error = { code: 'dump_failed', message: 'x' } as const;
    await backups.fail(failed.id, 1, { error, retryable: false, retryInSeconds: 0 });
    await put(dumpOf(failed));
    const running = await bed.newBackup();
    await backups.claim(running.id, { worker: 'w', seconds: 60 });
    await put(dumpOf(running));
    const { report } = await reconcile();
    expect(report).to.include({ objects: 3, orphans: 0, missing: 0 });
    expect((await bed.backup(removing.id)).damagedAt).to.equal(null);
  });

  it('lists unfinished uploads, and ends those that are ours to end', async () => {
    const zombie = await leftByAZombie();
    const open = async (key: string) => {
      const options = { size: 100, contentType: 'text/plain', expiresInSeconds: 60 };
      await store(async (opened) => opened.remoteUploads?.open(key, options));
    };
    await open(zombie);
    await open('theirs');
    expect((await reconcile()).report).to.include({ uploads: 2, orphans: 3, known: 2 });
    await ageOrphans();
    expect((await reconcile()).report).to.include({ removed: 2 });
    const left = s3.openUploads().filter(({ key }) => key.startsWith(`place-${place}/`));
    expect(left.map(({ key }) => key)).to.deep.equal([`place-${place}/theirs`]);
  });

  it('knows the trial of a destination that was killed, when it is older than an hour', async () => {
    const key = probeKey(systemIds.uuid());
    await put(key);
    expect((await reconcile()).report).to.include({ orphans: 0 });
    expect((await reconcile({ laterMs: 2 * hourMs })).report).to.include({ orphans: 1, known: 1, removed: 0 });
    await ageOrphans();
    expect((await reconcile({ laterMs: 2 * hourMs })).report).to.include({ removed: 1 });
    expect(keys()).to.deep.equal([]);
  });

  it('minds the records of every destination in the same place, and removes only by those of its own account', async () => {
    const ours = await done();
    const twin = await newDestination(`place-${place}/`);
    const { id: strangerId } = await bed.persistence.accounts.create(`stranger-${place}`);
    const strangers = await newDestination(`place-${place}/`, strangerId);
    const inside = await newDestination(`place-${place}/inner/`, strangerId);
    await put('something', 'x', inside);
    const zombie = await leftByAZombie();
    for (const [of, known] of [
      [twin, true],
      [strangers, false],
    ] as const) {
      expect((await reconcile({}, of)).report, of.label).to.include({ backups: 0, orphans: 1, known: Number(known) });
      await ageOrphans();
      if (!known) await reconcile({}, of);
      expect(keys()).to.include(zombie);
    }
    await ageOrphans();
    expect((await reconcile({}, twin)).report).to.include({ removed: 1 });
    expect(keys()).to.include.members([dumpOf(ours), 'inner/something']);
    expect(keys()).to.not.include(zombie);
  });

  it('runs once at a time, is given back when its worker stops, and begins anew when its worker died', async () => {
    await done();
    const { reconciliations } = bed.persistence;
    const [first, second] = await Promise.all([
      reconciliations.request(destination.id, 'r').then(() => reconciliations.begin(destination.id, 60)),
      reconciliations.request(destination.id, 'r').then(() => reconciliations.begin(destination.id, 60)),
    ]);
    expect([first, second].filter((run) => run !== null)).to.deep.equal([1]);
    expect((await reconcile()).endedAt, 'another one runs').to.equal(null);
    await database.query(`update holdfast.reconciliations set lease_until = now() - interval '1 second'`);
    expect((await reconcile()).error).to.equal(null);
    expect(await reconciliations.end(destination.id, 1, { report: null, error: null }, 60), 'of the dead').to.equal(
      false,
    );
    const stopping = new AbortController();
    const hanging = (): Partial<ObjectStore> => ({
      async *list() {
        stopping.abort(new HoldfastError('stopping'));
        yield* [];
        throw new HoldfastError('cancelled', 'The store was closed.');
      },
    });
    const { error, requestedAt } = await reconcile({ store: hanging, signal: stopping.signal });
    expect(error).to.equal(null);
    expect(requestedAt, 'still waited for').to.be.a('date');
    expect((await reconciliations.takeDue(2, 60, 0)).map(({ destinationId }) => destinationId)).to.include(
      destination.id,
    );
  });
});
