import { expect } from 'chai';
import type { Backup, Database, Verification, VerificationLevel, VerificationPolicy } from '@holdfast/shared/domain';
import { failure, lease, newSchedule, openWorld, type World } from './testing/world.ts';

const never = 1_000_000_000;

describe('the plan of verifications', () => {
  let world: World;
  let database: Database;
  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    // Each test begins with nothing that could be planned.
    await world.sql('delete from holdfast.verification_attempts');
    await world.sql('delete from holdfast.verifications');
    await world.sql('update holdfast.schedules set verification = null');
    await world.sql('update holdfast.backups set locked_at = null, verified_at = now()');
    database = await world.newDatabase();
  });
  after(() => world.drop());

  async function scheduleWith(policy: Partial<VerificationPolicy>, of = database): Promise<string> {
    const verification = { level: 'identical', every: 1, scratchDatabaseId: null, ...policy } as const;
    const made = await world.schedules.create(world.account.id, { ...newSchedule(of.id), verification });
    return made?.id ?? '';
  }
  /** Done that many days ago. */
  async function backupOf(scheduleId: string, daysAgo: number, of = database): Promise<Backup> {
    const backup = await world.doneBackup(of);
    await world.sql(
      `update holdfast.backups set schedule_id = $2, completed_at = now() - make_interval(days => $3) where id = $1`,
      [backup.id, scheduleId, daysAgo],
    );
    return backup;
  }
  async function backupsOf(scheduleId: string, days: readonly number[]): Promise<string[]> {
    const ids: string[] = [];
    for (const day of days) ids.push((await backupOf(scheduleId, day)).id);
    return ids;
  }
  const open = () =>
    world.sql<Pick<Verification, 'id' | 'level' | 'cause'> & { backupId: string; databaseId: string }>(
      `select id, backup_id as "backupId", database_id as "databaseId", level, cause from holdfast.verifications
       where status = 'scheduled' order by created_at, id`,
    );
  /** Plans, and names the backups of what waits then. */
  async function planned(recheckSeconds = never): Promise<string[]> {
    await world.verifications.plan(100, recheckSeconds, 3);
    return (await open()).map(({ backupId }) => backupId);
  }
  /** Ends what waits, with that verdict, or in error. */
  async function end(reached: VerificationLevel | null | 'error'): Promise<void> {
    for (const { id } of await open()) {
      await world.verifications.claim(id, lease);
      if (reached === 'error') await world.verifications.fail(id, 1, { ...failure, retryable: false });
      else await world.verifications.settle(id, 1, { reached, findings: [], damage: null });
    }
  }
  const hoursPass = (hours: number) =>
    world.sql(`update holdfast.verifications set completed_at = completed_at - $1::float8 * interval '1 hour'`, [
      hours,
    ]);

  it('is empty without policies, and while everything was looked at', async () => {
    await world.schedules.create(world.account.id, newSchedule(database.id));
    await world.doneBackup(database);
    expect(await world.verifications.plan(100, never, 3)).to.equal(0);
  });

  it('of each backup has the newest ones first, a few of a schedule at a time, until each has its level', async () => {
    const scratch = await world.newDatabase();
    const id = await scheduleWith({ level: 'restorable', scratchDatabaseId: scratch.id });
    const [newest, second, third] = await backupsOf(id, [1, 2, 3]);
    await world.newBackup(database);
    expect(await planned()).to.deep.equal([newest, second]);
    for (const one of await open()) {
      expect(one).to.include({ level: 'restorable', cause: 'policy', databaseId: scratch.id });
    }
    expect(await world.verifications.plan(100, never, 3), 'as much as may wait').to.equal(0);
    await end('restorable');
    expect(await planned()).to.deep.equal([third]);
    await end('identical');
    expect(await planned()).to.deep.equal([]);
  });

  it('has the newest backup that was asked for by hand since, by the policy that asks for most', async () => {
    await world.doneBackup(database);
    await scheduleWith({ level: 'readable' });
    await scheduleWith({});
    expect(await planned(), 'of one from before').to.deep.equal([]);
    await world.doneBackup(database);
    const { id } = await world.doneBackup(database);
    expect(await planned()).to.deep.equal([id]);
    expect((await open()).map(({ level }) => level)).to.deep.equal(['identical']);
    await end('identical');
    expect(await planned()).to.deep.equal([]);
  });

  it('of one of every three has the newest, and the next one when three newer ones came', async () => {
    const id = await scheduleWith({ every: 3 });
    const [fourth] = await backupsOf(id, [4, 5, 6, 7]);
    expect(await planned()).to.deep.equal([fourth]);
    await end('identical');
    await backupsOf(id, [3, 2]);
    expect(await planned()).to.deep.equal([]);
    const [first] = await backupsOf(id, [1]);
    expect(await planned()).to.deep.equal([first]);
  });

  it('of a week has the newest one of seven days', async () => {
    const id = await scheduleWith({ every: 'weekly' });
    await backupsOf(id, [9, 8]);
    expect(await planned(), 'all are older').to.deep.equal([]);
    const [newest] = await backupsOf(id, [5, 6]);
    expect(await planned()).to.deep.equal([newest]);
    await end('identical');
    await backupsOf(id, [1]);
    expect(await planned()).to.deep.equal([]);
    await world.sql(
      `update holdfast.backups set completed_at = completed_at - interval '3 days' where schedule_id = $1`,
      [id],
    );
    expect(await planned()).to.have.length(1);
  });

  for (const every of [1, 4, 'weekly'] as const) {
    it(`(${every}) tries again what came to nothing or to less after 6 h, then after twice as long`, async () => {
      const id = await scheduleWith({ every });
      const ids = await backupsOf(id, [1]);
      for (const [rest, reached] of [
        [6, 'error'],
        [12, 'restorable'],
        [24, 'error'],
      ] as const) {
        expect(await planned()).to.deep.equal(ids);
        await end(reached);
        await hoursPass(rest - 0.1);
        expect(await planned(), `within ${rest} h`).to.deep.equal([]);
        await hoursPass(0.2);
      }
      expect(await planned()).to.deep.equal(ids);
    });
  }

  it('leaves out what is damaged, is being deleted, or is proven already by hand', async () => {
    const id = await scheduleWith({});
    const [damaged = '', marked = '', proven] = await backupsOf(id, [1, 2, 3]);
    await world.backups.markDamaged(damaged, { state: 'missing', detail: 'It is missing.' });
    await world.backups.requestDeletion(world.account.id, marked, { graceSeconds: 3600 });
    await world.sql(`update holdfast.backups set verified_level = 'identical' where id = $1`, [proven]);
    expect(await planned()).to.deep.equal([]);
  });

  it('asks for no more than reading where our workers cannot restore', async () => {
    const remote = await world.newDatabaseOf(await world.newServer());
    const id = await scheduleWith({}, remote);
    const { id: backupId } = await world.newBackup(remote);
    await world.sql(
      `update holdfast.backups set schedule_id = $2, status = 'done', completed_at = now(), size = 1, manifest_key = 'm',
         verified_level = 'stored' where id = $1`,
      [backupId, id],
    );
    expect(await planned()).to.deep.equal([backupId]);
    for (const { level } of await open()) expect(level).to.equal('readable');
    await end('readable');
    expect(await planned()).to.deep.equal([]);
  });

  it('has each backup once where several schedulers plan at the same moment', async () => {
    const id = await scheduleWith({ every: 2 });
    await backupsOf(id, [1, 2, 3]);
    const others = [world, await world.another(), await world.another()];
    const counts = await Promise.all(others.map(({ verifications }) => verifications.plan(100, never, 3)));
    expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(1);
    expect(await open()).to.have.length(1);
  });

  describe('of looking again', () => {
    const looked = (id: string, verifiedDaysAgo: number | null, completedDaysAgo = 90) =>
      world.sql(
        `update holdfast.backups set verified_at = now() - make_interval(days => $2),
           completed_at = now() - make_interval(days => $3) where id = $1`,
        [id, verifiedDaysAgo, completedDaysAgo],
      );
    const month = 30 * 86_400;

    it('has at once what is not known to hold anything: what an import brought, and what is there again', async () => {
      const { id: known } = await world.doneBackup();
      const [imported, back] = [await world.doneBackup(), await world.doneBackup()];
      await world.sql(`update holdfast.backups set verified_level = null, imported_at = now() where id = $1`, [
        imported.id,
      ]);
      await looked(back.id, 1, 0);
      await world.backups.markDamaged(back.id, { state: 'missing', detail: 'It is missing.' });
      expect(await planned(month)).to.deep.equal([imported.id]);
      await end('readable');
      await world.backups.clearDamage(back.id);
      expect(await world.backups.find(back.id)).to.include({ damagedAt: null, verifiedLevel: null });
      expect(await planned(month)).to.deep.equal([back.id]);
      await end('readable');
      expect(await planned(month), known).to.deep.equal([]);
    });

    it('has what nobody looked at for longest, two of a destination at a time, whatever its schedule', async () => {
      const [a, b, c, d] = [
        await world.doneBackup(),
        await world.doneBackup(),
        await world.doneBackup(),
        await world.doneBackup(),
      ];
      await looked(a.id, 31);
      await looked(b.id, null, 50);
      await looked(c.id, 40);
      await looked(d.id, 29);
      expect(await planned(month)).to.deep.equal([b.id, c.id]);
      for (const one of await open()) expect(one).to.include({ level: 'readable', cause: 'recheck' });
      expect(await world.verifications.plan(100, month, 3)).to.equal(0);
      await end('readable');
      expect(await planned(month)).to.deep.equal([a.id]);
      await end('readable');
      expect(await planned(month)).to.deep.equal([]);
    });

    it('has damaged ones, too, and tries again what could not be carried out after a rest', async () => {
      const { id } = await world.doneBackup();
      await looked(id, 31);
      await world.backups.markDamaged(id, { state: 'missing', detail: 'It is missing.' });
      expect(await planned(month)).to.deep.equal([id]);
      await end('error');
      expect(await planned(month)).to.deep.equal([]);
      await hoursPass(6.1);
      expect(await planned(month)).to.deep.equal([id]);
      await end('readable');
      expect(await world.backups.find(id)).to.include({ damagedAt: null, verifiedLevel: 'readable' });
    });
  });
});
