import { expect } from 'chai';
import { attemptPrefix, manifestName } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import type { FoundBackup } from './index.ts';
import { newFile, newSchedule, openWorld, unusedName, type World } from './testing/world.ts';

const at = (hour: number): Date => new Date(Date.UTC(2026, 2, 4, hour));
const report = {
  manifests: 1,
  imported: 1,
  known: 0,
  databases: 1,
  damaged: [],
  damagedCount: 0,
  refused: [],
  refusedCount: 0,
};

describe('imports', () => {
  let world: World;
  let id: number;
  before(async () => {
    world = await openWorld();
    ({ id } = world.destination);
  });
  after(() => world.drop());
  beforeEach(() => world.sql('delete from holdfast.imports'));

  function found(change: Partial<FoundBackup> & { own?: Partial<FoundBackup['backup']> } = {}): FoundBackup {
    const { own = {}, ...rest } = change;
    const backup = {
      id: systemIds.uuid(),
      databaseId: systemIds.uuid(),
      scheduleId: null,
      scheduledFor: null,
      method: 'manual' as const,
      name: '20260304010000_shop',
      createdAt: at(1),
      manifestKey: null,
      manifestSha256: 'ef'.repeat(32),
      warnings: [],
      part: { include: { tables: ['public.orders'] } },
      recipients: ['age1xyz'],
      objectLockedUntil: null,
      startedAt: at(2),
      completedAt: at(3),
      attempt: 2,
      ...own,
    };
    const prefix = attemptPrefix(backup, backup.attempt);
    return {
      backup: { ...backup, manifestKey: own.manifestKey ?? prefix + manifestName },
      engine: 'postgresql',
      databaseName: unusedName(),
      database: 'shop',
      files: [{ ...newFile(backup.id), key: `${prefix}dump.pgdump.zst` }],
      damage: null,
      ...rest,
    };
  }
  const rows = () =>
    world.sql(
      `select (select count(*)::int from holdfast.backups) b, (select count(*)::int from holdfast.databases) d,
         (select count(*)::int from holdfast.backup_files) f, (select count(*)::int from holdfast.backup_attempts) a`,
    );

  it('take a backup over with its ids, its database without a connection, and an owner for its objects', async () => {
    const one = found();
    expect(await world.imports.take(id, one)).to.deep.equal({ state: 'imported', newDatabase: true });
    const backup = await world.backups.find(one.backup.id);
    expect(backup).to.deep.include({
      ...one.backup,
      status: 'done',
      size: 1000,
      verifiedLevel: null,
      damage: null,
    });
    expect(backup?.importedAt).to.be.instanceOf(Date);
    expect(await world.backups.files(one.backup.id)).to.deep.equal(one.files);
    const database = await world.databases.find(one.backup.databaseId);
    expect(database).to.deep.include({
      name: one.databaseName,
      database: 'shop',
      host: null,
      port: null,
      user: null,
      password: null,
      serverId: null,
      destinationId: id,
    });
    const prefix = attemptPrefix(one.backup, 2);
    const folders = await world.reconciliations.folders([id], [{ backupId: one.backup.id, attempt: 2 }]);
    expect(folders.map(({ fate, keys }) => [fate, [...keys].sort()])).to.deep.equal([
      ['settled', [`${prefix}dump.pgdump.zst`, prefix + manifestName]],
    ]);
    const expected = await world.reconciliations.expected(id, '', 100);
    expect(expected.map((entry) => entry.prefix)).to.include(prefix);
    expect(await world.backups.takeSweepable(100, 0, 0)).to.deep.equal([]);
  });

  it('change nothing when they are done again, and nothing of what is known', async () => {
    const one = found();
    await world.imports.take(id, one);
    const known = await world.doneBackup();
    const before = [await rows(), await world.backups.find(known.id), await world.backups.find(one.backup.id)];
    expect(await world.imports.take(id, { ...one, database: 'other' })).to.deep.equal({ state: 'known' });
    const again = found({ own: { id: known.id, databaseId: known.databaseId, manifestKey: 'manifest.json' } });
    expect(await world.imports.take(id, again)).to.deep.equal({ state: 'known' });
    expect(await world.imports.take(id, found({ own: { id: known.id } }))).to.include({ state: 'refused' });
    expect([await rows(), await world.backups.find(known.id), await world.backups.find(one.backup.id)]).to.deep.equal(
      before,
    );
  });

  it('take each backup over once when several take it at once', async () => {
    const one = found();
    const others = [found({ own: { databaseId: one.backup.databaseId } })];
    const taken = await Promise.all(
      [one, one, one, ...others, ...others].map((entry) => world.imports.take(id, entry)),
    );
    expect(taken.filter(({ state }) => state === 'imported')).to.have.length(2);
    expect(taken.filter(({ state }) => state === 'known')).to.have.length(3);
    expect(taken.filter((entry) => entry.state === 'imported' && entry.newDatabase)).to.have.length(1);
  });

  it('leave deleted what is deleted, and say so', async () => {
    const one = found();
    await world.imports.take(id, one);
    await world.backups.requestDeletion(world.account.id, one.backup.id, { graceSeconds: 0 });
    const early = await world.imports.take(id, one);
    expect(early).to.include({ state: 'refused' }).and.have.property('reason').that.contains('is being deleted');
    await world.backups.beginRemoval(one.backup.id);
    await world.backups.markDeleted(one.backup.id);
    const late = await world.imports.take(id, one);
    expect(late).to.include({ state: 'refused' }).and.have.property('reason').that.contains('stays deleted');
    expect(await world.backups.findOwned(world.account.id, one.backup.id)).to.equal(null);
  });

  it('refuse the ids of another account, without a word about whose they are', async () => {
    const theirs = await world.accounts.create(unusedName());
    const place = await world.destinations.create(theirs.id, { label: 'x', type: 'local', settings: { path: 'x' } });
    const one = found();
    await world.imports.take(place.id, one);
    const before = await rows();
    const sameFile = found({ files: one.files.map((file) => ({ ...file })) });
    const wanted = [
      found({ own: { id: one.backup.id } }),
      found({ own: { databaseId: one.backup.databaseId } }),
      { ...sameFile, files: one.files.map((file) => ({ ...file, backupId: sameFile.backup.id })) },
    ];
    for (const entry of wanted) {
      expect(await world.imports.take(id, entry)).to.deep.equal({
        state: 'refused',
        reason: 'One of the ids in it is taken by something else, of another backup or not in this account.',
      });
    }
    expect(await rows()).to.deep.equal(before);
  });

  it('give a database whose name is taken the next one', async () => {
    const databaseName = 'n'.repeat(63);
    const names: (string | undefined)[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const one = found({ databaseName });
      await world.imports.take(id, one);
      names.push((await world.databases.find(one.backup.databaseId))?.name);
    }
    expect(names).to.deep.equal([databaseName, `${'n'.repeat(59)} (2)`, `${'n'.repeat(59)} (3)`]);
  });

  it('keep the schedule only where it is there and its tick is free', async () => {
    const database = await world.newDatabase();
    const schedule = await world.schedules.create(world.account.id, newSchedule(database.id));
    const own = {
      databaseId: database.id,
      scheduleId: schedule?.id ?? '',
      scheduledFor: at(0),
      method: 'periodic',
    } as const;
    const kept: (string | null | undefined)[] = [];
    for (const entry of [found({ own }), found({ own }), found({ own: { ...own, scheduleId: systemIds.uuid() } })]) {
      expect(await world.imports.take(id, entry)).to.deep.equal({ state: 'imported', newDatabase: false });
      kept.push((await world.backups.find(entry.backup.id))?.scheduleId);
    }
    expect(kept).to.deep.equal([schedule?.id, null, null]);
  });

  it('take over what is damaged as damaged', async () => {
    const damage = { state: 'missing', detail: 'x is missing.' } as const;
    const one = found({ damage });
    await world.imports.take(id, one);
    const backup = await world.backups.find(one.backup.id);
    expect(backup).to.deep.include({ damage, verifiedLevel: null });
    expect(backup?.damagedAt).to.be.instanceOf(Date);
  });

  it('run one at a time for each destination, and are rung for until they end', async () => {
    const { imports } = world;
    const other = await world.accounts.create(unusedName());
    expect(await imports.request(other.id, id, 'r')).to.equal(null);
    expect(await imports.takeDue(5, 30)).to.deep.equal([]);
    expect(await imports.begin(id, 60), 'not asked for').to.equal(null);
    const asked = await imports.request(world.account.id, id, 'r-1');
    expect((await imports.request(world.account.id, id, 'r-2'))?.requestedAt).to.deep.equal(asked?.requestedAt);
    expect(await imports.takeDue(5, 30)).to.deep.equal([{ destinationId: id, requestId: 'r-1' }]);
    expect(await imports.takeDue(5, 30), 'just rung for').to.deep.equal([]);
    const begun = await Promise.all([imports.begin(id, 60), imports.begin(id, 60)]);
    const run = begun.find((number) => number !== null);
    expect(begun.filter((number) => number !== null)).to.have.length(1);
    await world.sql(`update holdfast.imports set lease_until = now() - interval '1 second'`);
    expect(await imports.takeDue(5, 30), 'its worker died').to.have.length(1);
    const second = await imports.begin(id, 60);
    expect(await imports.extend(id, run ?? 0, 60), 'stale').to.equal(false);
    expect(await imports.end(id, run ?? 0, { report, error: null }), 'stale').to.equal(false);
    await imports.handBack(id, second ?? 0);
    expect(await imports.takeDue(5, 30), 'handed back').to.have.length(1);
    const third = await imports.begin(id, 60);
    expect(await imports.extend(id, third ?? 0, 60)).to.equal(true);
    expect(await imports.end(id, third ?? 0, { report, error: null })).to.equal(true);
    expect(await imports.find(id)).to.deep.include({ report, error: null, requestedAt: null });
    expect(await imports.takeDue(5, 0), 'ended').to.deep.equal([]);
  });
});
