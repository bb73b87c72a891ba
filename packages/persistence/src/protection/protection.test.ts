import { expect } from 'chai';
import type { Database, Schedule, VerificationLevel } from '@holdfast/shared/domain';
import type { DatabaseProtection } from '../index.ts';
import { failure, lease, newSchedule, openWorld, type World } from '../testing/world.ts';

const day = 86_400;

/** Does the work while this process takes it to be so much later. */
async function withClock<T>(laterMs: number, work: () => Promise<T>): Promise<T> {
  const RealDate = Date;
  class LateDate extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      super(...((given.length === 0 ? [RealDate.now() + laterMs] : given) as [number]));
    }
    static override now(): number {
      return RealDate.now() + laterMs;
    }
  }
  globalThis.Date = LateDate as DateConstructor;
  try {
    return await work();
  } finally {
    globalThis.Date = RealDate;
  }
}

describe('the protection of databases', () => {
  let world: World;

  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    await world.sql('delete from holdfast.service_instances');
    for (const service of ['scheduler', 'worker'] as const) {
      await world.services.beat({ service, instance: 'one', version: '1' });
    }
  });
  after(() => world.drop());

  const of = async ({ id }: Pick<Database, 'id'>): Promise<DatabaseProtection> => {
    const [found] = await world.protection.of(world.account.id, id);
    if (!found) throw new Error('The database was not judged.');
    return found;
  };
  const codes = async (database: Database): Promise<string[]> => (await of(database)).reasons.map(({ code }) => code);

  /** A database with a nightly schedule. */
  async function nightly(): Promise<Database> {
    const database = await world.newDatabase();
    await world.schedules.create(world.account.id, newSchedule(database.id));
    return database;
  }

  /** A good backup whose content is so old. */
  async function backupOf(database: Database, hoursAgo: number, level: VerificationLevel = 'stored'): Promise<string> {
    const { id } = await world.doneBackup(database);
    await world.sql(
      `update holdfast.backups set verified_level = $3, created_at = now() - make_interval(hours => $2),
         started_at = now() - make_interval(hours => $2), completed_at = now() - make_interval(hours => $2, mins => -5)
       where id = $1`,
      [id, hoursAgo, level],
    );
    await world.sql(
      `update holdfast.backup_attempts set started_at = now() - make_interval(hours => $2) where backup_id = $1`,
      [id, hoursAgo],
    );
    return id;
  }

  it('holds while the newest good backup is no older than the schedule promises', async () => {
    const database = await nightly();
    await backupOf(database, 30);
    expect(await of(database)).to.deep.include({ state: 'unprotected' });
    const id = await backupOf(database, 3);
    const { state, reasons, objectives, newestGood, nextSlotAt, restore, since } = await of(database);
    expect(reasons).to.deep.equal([]);
    expect(state).to.equal('protected');
    // A day, an hour for the clocks, the schedule's grace, and half an hour for the backup itself.
    expect(objectives).to.deep.equal({
      rpoSeconds: day + 3600 + 60 + 1800,
      level: 'stored',
      rtoSeconds: null,
      source: 'schedule',
    });
    expect(newestGood).to.include({ backupId: id, level: 'stored' });
    expect(newestGood?.ageSeconds).to.be.closeTo(3 * 3600, 5);
    expect(nextSlotAt).to.be.a('date');
    expect([restore, since]).to.deep.equal([null, null]);
  });

  it('counts neither a damaged nor a deleted backup', async () => {
    const database = await nightly();
    const [damaged, deleted] = [await backupOf(database, 1), await backupOf(database, 1)];
    await world.backups.markDamaged(damaged, { state: 'missing', detail: 'The dump is missing.' });
    expect((await of(database)).state).to.equal('protected');
    await world.backups.requestDeletion(world.account.id, deleted, { graceSeconds: 60 });
    expect(await of(database)).to.deep.include({ state: 'unprotected', newestGood: null });
    expect((await codes(database))[0]).to.equal('no_good_backup');
  });

  it('takes a backup to be as old as the attempt that made it, and not as its end', async () => {
    const database = await world.newDatabase();
    await world.databases.update(world.account.id, database.id, { objectives: { rpoSeconds: 3600 } });
    const id = await backupOf(database, 2);
    await world.sql('update holdfast.backups set completed_at = now() where id = $1', [id]);
    expect(await codes(database)).to.include('too_old');
    await world.sql('update holdfast.backup_attempts set started_at = now() where backup_id = $1', [id]);
    expect((await of(database)).newestGood?.ageSeconds, 'after earlier attempts').to.be.lessThan(5);
  });

  it('asks for the level that was set, and tells of a newer backup that is proven less', async () => {
    const database = await nightly();
    await world.databases.update(world.account.id, database.id, { objectives: { level: 'restorable' } });
    await backupOf(database, 2);
    const proven = await backupOf(database, 40, 'identical');
    const judged = await of(database);
    expect(judged).to.deep.include({ state: 'unprotected' });
    expect(judged.newestGood).to.include({ backupId: proven });
    expect(judged.reasons[0]?.code).to.equal('level_not_reached');
    await backupOf(database, 3, 'identical');
    expect((await of(database)).state).to.equal('protected');
  });

  it('is at risk by what alerts tell, in their words', async () => {
    const database = await nightly();
    await backupOf(database, 1);
    const wanted = { databaseId: database.id, destinationId: null, method: 'manual', requestId: null } as const;
    const id = (await world.backups.create({ ...wanted, maxFailures: 1 }))?.id ?? '';
    await world.backups.claim(id, lease);
    await world.backups.fail(id, 1, failure);
    const { state, reasons } = await of(database);
    expect([state, reasons.map(({ code }) => code)]).to.deep.equal(['at_risk', ['backup_failed']]);
    expect(reasons[0]?.message).to.contain(failure.error.message);
  });

  it('does not ask the clock of the process, neither for what was heard nor for how old a backup is', async () => {
    const database = await nightly();
    await backupOf(database, 1);
    const before = await of(database);
    const late = await withClock(86_400_000 * 30, async () => {
      await world.services.beat({ service: 'worker', instance: 'one', version: '1' });
      await world.services.beat({ service: 'scheduler', instance: 'late', version: '1' });
      return { judged: await of(database), services: await world.services.list() };
    });
    expect(late.judged).to.deep.include({ state: 'protected', reasons: [] });
    expect(late.judged.newestGood?.ageSeconds).to.be.closeTo(before.newestGood?.ageSeconds ?? 0, 60);
    expect(late.services.map(({ state }) => state)).to.deep.equal(['silent', 'running', 'running', 'silent']);
    expect(Math.abs((late.services[1]?.lastSeenAt?.getTime() ?? 0) - Date.now())).to.be.lessThan(60_000);
  });

  it('is at risk when a service was not heard for too long', async () => {
    const database = await nightly();
    await backupOf(database, 1);
    await world.sql(`update holdfast.service_instances set seen_at = now() - interval '61 seconds'`);
    expect(await codes(database)).to.deep.equal(['scheduler_silent', 'worker_silent']);
    await world.services.beat({ service: 'scheduler', instance: 'two', version: '1' });
    expect(await codes(database)).to.deep.equal(['worker_silent']);
    const states = await world.services.list();
    expect(states.map(({ service, state, instances }) => [service, state, instances])).to.deep.equal([
      ['api', 'silent', 0],
      ['scheduler', 'running', 1],
      ['worker', 'silent', 0],
      ['sentinel', 'silent', 0],
    ]);
    expect(states[0]?.lastSeenAt).to.equal(null);
  });

  it('is at risk when nothing plans the next backup, or nothing in time', async () => {
    const database = await nightly();
    await backupOf(database, 1);
    const [schedule] = await world.schedules.list(database.id);
    await world.databases.update(world.account.id, database.id, { objectives: { rpoSeconds: 4000 } });
    await world.sql(`update holdfast.slots set run_at = run_at + interval '2 days' where schedule_id = $1`, [
      schedule?.id,
    ]);
    expect(await codes(database)).to.deep.equal(['next_slot_late']);
    await world.schedules.update(world.account.id, (schedule as Schedule).id, { enabled: false });
    expect(await codes(database)).to.deep.equal(['paused']);
    await world.schedules.delete(world.account.id, (schedule as Schedule).id);
    expect(await codes(database)).to.deep.equal(['not_scheduled']);
  });

  it('is unknown where nobody asked for anything', async () => {
    expect(await of(await world.newDatabase())).to.deep.include({ state: 'unknown', newestGood: null });
  });

  it('measures a restore by the newest one, or by a verification that restored', async () => {
    const database = await nightly();
    await world.databases.update(world.account.id, database.id, { objectives: { rtoSeconds: 60 } });
    const backup = await world.doneBackup(database);
    const { id } = await world.newVerification(backup, { level: 'restorable' });
    await world.verifications.claim(id, lease);
    await world.verifications.settle(id, 1, { reached: 'restorable', findings: [], damage: null });
    await world.sql(
      `update holdfast.verification_attempts set started_at = ended_at - interval '90 seconds' where verification_id = $1`,
      [id],
    );
    const { reasons, restore } = await of(database);
    expect(restore).to.deep.equal({ seconds: 90, basis: 'measured' });
    expect(reasons.map(({ code }) => code)).to.deep.equal(['restore_slow']);
    expect(reasons[0]?.message).to.contain('1 min 30 s').and.contain('1 min.');
  });

  it('of one database that cannot be judged hides none of the others', async () => {
    const [broken, good] = [await nightly(), await nightly()];
    await backupOf(good, 1);
    await world.sql(`update holdfast.schedules set cron = 'often' where database_id = $1`, [broken.id]);
    const judged = await world.protection.of(world.account.id);
    const states = new Map(judged.map(({ database, state }) => [database.id, state]));
    expect([states.get(broken.id), states.get(good.id)]).to.deep.equal(['unknown', 'protected']);
    expect(await codes(broken)).to.deep.equal(['not_judged']);
    await world.protection.record();
    expect((await of(good)).since).to.be.a('date');
  });

  it('that is lost raises an alert, but for a database that is still to get its first backup', async () => {
    const [fresh, lost] = [await nightly(), await nightly()];
    await backupOf(lost, 48);
    const open = async () => {
      await world.protection.record();
      await world.alerts.update();
      const found = await world.alerts.list(world.account.id, { open: true, limit: 100 });
      const ours = new Set([fresh.id, lost.id]);
      return found
        .filter(({ kind, subjectId }) => kind === 'protection_lost' && ours.has(subjectId))
        .map(({ subjectId }) => subjectId);
    };
    expect(await open()).to.deep.equal([lost.id]);
    await world.sql(`update holdfast.databases set created_at = now() - interval '3 days' where id = $1`, [fresh.id]);
    expect(await open()).to.have.members([lost.id, fresh.id]);
    const since = (await of(lost)).since;
    await backupOf(lost, 1);
    expect(await open()).to.deep.equal([fresh.id]);
    expect((await of(lost)).since?.getTime()).to.be.greaterThan(since?.getTime() ?? Infinity);
  });
});
