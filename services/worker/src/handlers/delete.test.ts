import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { BackupRepository } from '@holdfast/persistence';
import { attemptPrefix, HoldfastError, type Backup, type ObjectStore } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const context = { jobId: 'job', signal: new AbortController().signal };

describe('backup.delete@1', () => {
  let database: TestDatabase;
  let bed: Bed;
  let store: MemoryStore;

  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url);
  });
  after(async () => {
    await bed.close();
    await database.drop();
  });
  beforeEach(() => {
    store = new MemoryStore();
  });

  interface Change {
    store?: ObjectStore;
    backups?: Partial<BackupRepository>;
  }

  function handlers({ store: changed, backups = {} }: Change = {}) {
    const repository = new Proxy(bed.persistence.backups, {
      get: (target, name) => {
        const own = Reflect.get(backups, name) as unknown;
        const value = own ?? (Reflect.get(target, name) as unknown);
        return typeof value === 'function' && !own ? (value.bind(target) as unknown) : value;
      },
    });
    return createHandlers({
      settings: bed.settings(),
      logger: bed.logger,
      persistence: { ...bed.persistence, backups: repository },
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => new FakeEngine(randomBytes(50_000)) },
      openStore: () => changed ?? store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
    });
  }

  const remove = (id: string, change?: Change): Promise<void> =>
    handlers(change)['backup.delete@1']({ backupId: id, requestId: null }, context);
  const request = (id: string) =>
    bed.persistence.backups.requestDeletion(bed.database.accountId, id, { graceSeconds: 0 });
  const keysOf = ({ id }: Backup) => [...store.objects.keys()].filter((key) => key.includes(id));
  const rowOf = async ({ id }: Backup) => {
    const [row] = await database.query(
      `select deleted_at is not null as deleted, deletion_error from holdfast.backups where id = '${id}'`,
    );
    return row;
  };

  async function done(): Promise<Backup> {
    const { id } = await bed.newBackup();
    await handlers()['backup.run@1']({ backupId: id, requestId: null }, context);
    return await bed.backup(id);
  }

  it('removes every object of the backup, of each attempt, and only these, and records it', async () => {
    const kept = await done();
    const backup = await done();
    store.objects.set(`${attemptPrefix(backup, 1)}globals.sql.zst`, Buffer.from('more'));
    store.uploads.set('u', { key: `${attemptPrefix(backup, 1)}part`, uploadId: 'u', startedAt: new Date(0) });
    const neighbour = `${attemptPrefix(backup, 1).replace(/a1\/$/, 'a10/')}dump`;
    store.objects.set(neighbour, Buffer.from('not its own'));
    expect(await request(backup.id)).to.equal('requested');
    await remove(backup.id);
    expect(keysOf(backup)).to.deep.equal([neighbour]);
    expect(store.uploads.size).to.equal(0);
    expect(keysOf(kept)).to.have.length(2);
    expect(await rowOf(backup)).to.deep.equal({ deleted: true, deletion_error: null });
  });

  it('does nothing to a backup that nobody asked to delete, nor for an unknown one', async () => {
    const backup = await done();
    await remove(backup.id);
    await remove(systemIds.uuid());
    expect(keysOf(backup)).to.have.length(2);
    expect(await rowOf(backup)).to.deep.equal({ deleted: false, deletion_error: null });
  });

  it('records and reports a store that refuses, and succeeds when it no longer does', async () => {
    const backup = await done();
    await request(backup.id);
    const denied = new HoldfastError('store_denied', 'Removing was denied.');
    const refusing = new MemoryStore();
    refusing.delete = () => Promise.reject(denied);
    await remove(backup.id, { store: refusing });
    expect(await rowOf(backup)).to.deep.equal({ deleted: false, deletion_error: denied.toPublic() });
    expect(bed.log()).to.match(new RegExp(`"alert":"deletion_failed".*Removing was denied`));
    expect(refusing.closed).to.equal(1);
    await remove(backup.id);
    expect(await rowOf(backup)).to.deep.equal({ deleted: true, deletion_error: null });
    expect(keysOf(backup)).to.deep.equal([]);
  });

  it('does not believe a store that confirms a removal and still lists the object', async () => {
    const backup = await done();
    await request(backup.id);
    const lying = Object.assign(new MemoryStore(), { objects: store.objects, delete: async () => undefined });
    await remove(backup.id, { store: lying });
    expect(await rowOf(backup)).to.have.nested.property('deletion_error.code', 'store_failed');
    expect(await rowOf(backup)).to.include({ deleted: false });
  });

  it('does not believe it either of an upload', async () => {
    const backup = await done();
    store.uploads.set('u', { key: `${attemptPrefix(backup, 1)}part`, uploadId: 'u', startedAt: new Date(0) });
    await request(backup.id);
    const { objects, uploads } = store;
    const lying = Object.assign(new MemoryStore(), { objects, uploads, abortUpload: async () => undefined });
    await remove(backup.id, { store: lying });
    expect(await rowOf(backup)).to.have.nested.property('deletion_error.code', 'store_failed');
  });

  it('touches nothing before its grace is over, nor after it was taken back, and what may not go for good', async () => {
    const { backups } = bed.persistence;
    const backup = await done();
    const ask = (graceSeconds: number) => backups.requestDeletion(bed.database.accountId, backup.id, { graceSeconds });
    await ask(3600);
    await remove(backup.id);
    expect(keysOf(backup)).to.have.length(2);
    await backups.undelete(backup.accountId, backup.databaseId, backup.id);
    await remove(backup.id);
    expect(keysOf(backup)).to.have.length(2);
    await ask(0);
    const begun: unknown[] = [];
    const watching = Object.assign(new MemoryStore(), { objects: store.objects });
    const really = watching.delete.bind(watching);
    watching.delete = async (key) => {
      begun.push(
        ...(await database.query(
          `select deletion_begun_at is not null as begun from holdfast.backups where id = '${backup.id}'`,
        )),
      );
      await really(key);
    };
    await remove(backup.id, { store: watching });
    expect(begun[0]).to.deep.equal({ begun: true });
    expect(keysOf(backup)).to.deep.equal([]);
  });

  it('is repeated harmlessly after a crash between the removal and its record', async () => {
    const backup = await done();
    await request(backup.id);
    const crash = { markDeleted: () => Promise.reject(new Error('the process died here')) };
    expect(await remove(backup.id, { backups: crash }).catch((error: Error) => error.message)).to.include('died');
    expect(keysOf(backup)).to.deep.equal([]);
    expect(await rowOf(backup)).to.deep.equal({ deleted: false, deletion_error: null });
    await remove(backup.id);
    expect(await rowOf(backup)).to.include({ deleted: true });
  });

  it('is done once by two workers at once', async () => {
    const backup = await done();
    await request(backup.id);
    await Promise.all([remove(backup.id), remove(backup.id)]);
    expect(keysOf(backup)).to.deep.equal([]);
    expect(await rowOf(backup)).to.deep.equal({ deleted: true, deletion_error: null });
  });
});
