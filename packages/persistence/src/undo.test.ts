import { expect } from 'chai';
import type { Database, Restore } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import type { NewUndo } from './index.ts';
import { failure, lease, newFile, openWorld, type World } from './testing/world.ts';

describe('former content', () => {
  let world: World;
  let database: Database;
  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    await world.sql('delete from holdfast.restore_attempts');
    await world.sql('delete from holdfast.restores');
    database = await world.newDatabase();
  });
  after(() => world.drop());

  const scheduled = async (change: { keepHours?: number; fileIds?: string[] } = {}): Promise<Restore> => {
    const restore = await world.restores.create({
      backupId: (await world.doneBackup(database)).id,
      databaseId: database.id,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
      keepHours: 5,
      ...change,
    });
    if (!restore || restore === 'busy') throw new Error('The test restore was not created.');
    return restore;
  };
  const done = async (
    former: string | null = 'old',
    change: Parameters<typeof scheduled>[0] = {},
  ): Promise<Restore> => {
    const { id } = await scheduled(change);
    await world.restores.claim(id, lease);
    await world.restores.settle(id, 1, 'restored', 10, former);
    return found(id);
  };
  const found = async (id: string): Promise<Restore> => {
    const restore = await world.restores.find(id);
    if (!restore) throw new Error('The test restore is gone.');
    return restore;
  };
  const undo = (restoreId: string, change: Partial<NewUndo> = {}, { restores } = world) =>
    restores.createUndo({
      accountId: world.account.id,
      databaseId: database.id,
      restoreId,
      requestId: 'r-3',
      maxFailures: 3,
      ...change,
    });
  const undoing = async (restoreId: string): Promise<Restore> => {
    const made = await undo(restoreId);
    if (made === null || typeof made === 'string') throw new Error(`The undoing was refused: ${String(made)}.`);
    return made;
  };
  const timeIsOver = (id: string) =>
    world.sql(`update holdfast.restores set former_until = now() - interval '1 second' where id = $1`, [id]);
  const ring = async (): Promise<string[]> =>
    (await world.restores.takeSweepable(100, 3600, 0.000_001)).map(({ restoreId }) => restoreId);

  it('is kept for the hours of its restore, by the clock of the database', async () => {
    const { former, formerUntil, completedAt } = await done('shop_old');
    expect(former).to.equal('shop_old');
    expect((formerUntil?.getTime() ?? 0) - (completedAt?.getTime() ?? 0)).to.be.closeTo(5 * 3_600_000, 1000);
    expect(await done(null, { keepHours: 0 })).to.include({ former: null, formerUntil: null });
  });

  it('can be swapped back by an undoing, which is a restore of its own with the same target', async () => {
    const restore = await done();
    const made = await undoing(restore.id);
    expect(await found(made.id)).to.deep.equal(made);
    expect(made).to.deep.include({
      target: { mode: 'undo', restoreId: restore.id },
      backupId: restore.backupId,
      status: 'scheduled',
      keepHours: 0,
    });
    expect(await undo(restore.id)).to.equal('busy');
    await world.restores.claim(made.id, lease);
    await world.restores.settle(made.id, 1, 'undone');
    // What was kept of the restore is now what it had brought, until the same time, and can be swapped back again.
    expect(await found(restore.id)).to.deep.include({ former: 'old', formerUntil: restore.formerUntil });
    expect((await undoing(restore.id)).id).to.not.equal(made.id);
  });

  it('is swapped back also when the backup is being deleted', async () => {
    const restore = await done();
    await world.backups.requestDeletion(world.account.id, restore.backupId, { requestId: 'r', graceSeconds: 60 });
    expect(await undo(restore.id)).to.have.property('status', 'scheduled');
  });

  it('is never swapped back where the restore made a new database, has not ended well, or kept nothing', async () => {
    const open = await scheduled();
    expect(await undo(open.id)).to.equal('not_done');
    await world.restores.claim(open.id, lease);
    expect(await undo(open.id)).to.equal('not_done');
    await world.restores.fail(open.id, 1, failure);
    expect(await undo(open.id)).to.equal('not_done');
    expect(await undo((await done(null)).id)).to.equal('former_missing');
    const restore = await done();
    const made = await undoing(restore.id);
    await world.restores.requestCancel(made.id);
    expect(await undo(made.id)).to.equal('not_in_place');
    await timeIsOver(restore.id);
    expect(await undo(restore.id)).to.equal('former_missing');
  });

  it('belongs to one account and one database', async () => {
    const { id } = await done();
    const other = await world.newDatabase();
    expect(await undo(id, { databaseId: other.id })).to.equal(null);
    expect(await undo(id, { accountId: world.account.id + 1 })).to.equal(null);
    expect(await undo(systemIds.uuid())).to.equal(null);
    expect(await undo('x')).to.equal(null);
  });

  it('of an older restore stays for its time, and only the newest restore in place can be undone', async () => {
    const older = await done('first');
    const newer = await done('second');
    expect(await undo(older.id)).to.equal('superseded');
    expect(await found(older.id)).to.include({ former: 'first' });
    expect(await undo(newer.id)).to.have.property('status', 'scheduled');
  });

  it('can be swapped back after a later restore of roles alone, which replaced no content', async () => {
    const restore = await done();
    const { backupId } = restore;
    const [roles] = await world.sql<{ id: string }>(
      `insert into holdfast.backup_files (id, backup_id, role, name, key, size, checksum)
       values ($1, $2, 'globals', 'roles', $3, 1, $4) returning id`,
      [systemIds.uuid(), backupId, `${backupId}/roles`, newFile(backupId).checksum],
    );
    await done(null, { fileIds: [roles?.id ?? ''] });
    expect(await undo(restore.id)).to.have.property('status', 'scheduled');
  });

  it('is swapped back once for a request that is repeated, also when its time is over meanwhile', async () => {
    const restore = await done();
    const id = systemIds.uuid();
    const made = await undo(restore.id, { id });
    expect(made).to.have.property('id', id);
    await timeIsOver(restore.id);
    expect(await undo(restore.id, { id })).to.deep.equal(made);
  });

  it('is dropped when its time is over, never before, and once', async () => {
    const { id } = await done();
    expect(await ring()).to.deep.equal([]);
    expect(await world.restores.mayDropFormer(id)).to.equal(false);
    await world.restores.markFormerDropped(id);
    expect(await found(id)).to.include({ former: 'old' });
    await timeIsOver(id);
    expect(await ring()).to.deep.equal([id]);
    expect(await world.restores.mayDropFormer(id)).to.equal(true);
    await world.restores.markFormerDropped(id);
    expect(await found(id)).to.include({ former: null, formerUntil: null });
    expect(await ring()).to.deep.equal([]);
    expect(await world.restores.mayDropFormer(id)).to.equal(false);
  });

  it('is not dropped while somebody is undoing the restore, and then at once', async () => {
    const { id } = await done();
    const made = await undoing(id);
    await timeIsOver(id);
    for (const begin of [() => Promise.resolve(null), () => world.restores.claim(made.id, lease)]) {
      await begin();
      expect(await ring()).to.deep.equal([]);
      expect(await world.restores.mayDropFormer(id)).to.equal(false);
      await world.restores.markFormerDropped(id);
      expect(await found(id)).to.include({ former: 'old' });
    }
    await world.restores.settle(made.id, 1, 'undone');
    expect(await ring()).to.deep.equal([id]);
    expect(await world.restores.mayDropFormer(id)).to.equal(true);
  });

  it('is not dropped for an undoing that is just being asked for: the one waits for the other', async () => {
    const { id } = await done();
    await timeIsOver(id);
    const other = await world.another();
    // As `createUndo` stands between its look and its commit.
    const asking = `
      with locked as (select r from holdfast.restores r where id = $1::uuid for no key update)
      insert into holdfast.restores select (jsonb_populate_record(r, jsonb_build_object(
        'id', $2::text, 'target', jsonb_build_object('mode', 'undo', 'restoreId', $1::text), 'status', 'scheduled',
        'completed_at', null, 'former', null, 'former_until', null))).* from locked`;
    const { asked } = await world.whileOpen(asking, [id, systemIds.uuid()], async () => {
      const asked = other.restores.mayDropFormer(id);
      await world.waitsForLock();
      return { asked };
    });
    expect(await asked).to.equal(false);
  });

  it('is not swapped back while its dropping is being decided', async () => {
    const { id } = await done();
    const { asked } = await world.whileOpen(
      'select from holdfast.restores where id = $1 for no key update',
      [id],
      async () => {
        const asked = undo(id);
        await world.waitsForLock();
        return { asked };
      },
    );
    expect(await asked).to.have.property('status', 'scheduled');
  });

  it('that a failed restore may have left unheard is looked at again after its hours, and no sooner taken for gone', async () => {
    const { id } = await scheduled();
    await world.restores.claim(id, lease);
    await world.restores.fail(id, 1, failure);
    const sweepable = async () =>
      (await world.restores.takeSweepable(100, 0, 0.000_001)).map(({ restoreId }) => restoreId);
    expect(await sweepable()).to.deep.equal([id]);
    expect(await world.restores.mayDropFormer(id)).to.equal(false);
    await world.restores.markSwept(id);
    const swept = async () =>
      (await world.sql<{ swept: boolean }>('select swept_at is not null as swept from holdfast.restore_attempts'))[0]
        ?.swept;
    expect(await swept()).to.equal(false);
    await world.sql(`update holdfast.restores set completed_at = now() - interval '6 hours'`);
    expect(await world.restores.mayDropFormer(id)).to.equal(true);
    await world.restores.markSwept(id);
    expect(await swept()).to.equal(true);
  });

  it('holds up the removal of its registered database, as nobody else would drop it', async () => {
    const { id } = await done();
    await world.sql(
      `update holdfast.backups set deletion_requested_at = now(), deletion_due_at = now(),
         deletion_begun_at = now(), deleted_at = now()
       where database_id = $1`,
      [database.id],
    );
    expect(await world.databases.delete(world.account.id, database.id)).to.equal(1);
    await timeIsOver(id);
    await world.restores.markFormerDropped(id);
    expect(await world.databases.delete(world.account.id, database.id)).to.equal(0);
  });

  it('holds up the end of a destination whose backup brought the other content, and no longer', async () => {
    const destination = await world.destinations.create(world.account.id, {
      label: 'other',
      type: 'local',
      settings: { path: 'other' },
    });
    await world.databases.update(world.account.id, database.id, { destinationId: destination.id });
    const { id } = await done();
    await world.databases.update(world.account.id, database.id, { destinationId: world.destination.id });
    await world.sql(
      `update holdfast.backups set deletion_requested_at = now(), deletion_due_at = now(),
         deletion_begun_at = now(), deleted_at = now() where database_id = $1`,
      [database.id],
    );
    expect(await world.destinations.delete(world.account.id, destination.id)).to.deep.include({ backups: 1 });
    await world.destinations.requestDeletion(world.account.id, destination.id);
    expect(await world.destinations.find(destination.id)).to.not.equal(null);
    await timeIsOver(id);
    await world.restores.markFormerDropped(id);
    expect(await world.destinations.find(destination.id)).to.equal(null);
    expect(await world.restores.find(id)).to.equal(null);
  });

  it('is swapped back only while no backup of the database runs, and no backup begins meanwhile', async () => {
    const { id } = await done();
    const backup = await world.newBackup(database);
    await world.backups.claim(backup.id, lease);
    const made = await undoing(id);
    expect(await world.restores.claim(made.id, lease)).to.equal(null);
    await world.backups.fail(backup.id, 1, { ...failure, retryable: false });
    expect(await world.restores.claim(made.id, lease)).to.include({ status: 'pending' });
    const next = await world.newBackup(database);
    expect(await world.backups.claim(next.id, lease)).to.equal(null);
  });
});

describe('the paces of restores', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  it('are those of whole restores that came to their end, of the database and of the account', async () => {
    const [own, other] = [await world.newDatabase(), await world.newDatabase()];
    const restored = async (database: Database, target: 'in_place' | 'part', ends: boolean): Promise<void> => {
      const restore = await world.restores.create({
        backupId: (await world.doneBackup(database)).id,
        databaseId: database.id,
        target: target === 'in_place' ? { mode: target } : { mode: 'new_database', database: 'part' },
        selection: target === 'in_place' ? null : { schemas: ['public'], tables: [] },
        ownership: 'skip',
        fileIds: null,
        requestId: null,
        maxFailures: 1,
      });
      if (!restore || restore === 'busy') throw new Error('The test restore was not created.');
      await world.restores.claim(restore.id, lease);
      if (ends) await world.restores.settle(restore.id, 1, 'restored', 1000);
      else await world.restores.fail(restore.id, 1, failure, 1000);
    };
    await restored(own, 'in_place', true);
    await restored(own, 'in_place', false);
    await restored(own, 'part', true);
    await restored(other, 'in_place', true);
    const { database, account } = await world.restores.pacesFor(own.id);
    expect(database.map(({ bytes }) => bytes)).to.deep.equal([1000]);
    expect(account.map(({ bytes }) => bytes)).to.deep.equal([1000, 1000]);
    expect(database[0]?.seconds).to.be.within(0, 60);
    expect(await world.restores.pacesFor('x')).to.deep.equal({ database: [], account: [] });
  });
});
