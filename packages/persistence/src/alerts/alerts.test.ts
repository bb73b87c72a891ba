import { expect } from 'chai';
import type { Alert, AlertKind, Schedule } from '@holdfast/shared/domain';
import { failure, lease, newSchedule, openWorld, type World } from '../testing/world.ts';

describe('alerts', () => {
  let world: World;

  beforeEach(async () => {
    world = await openWorld();
  });
  afterEach(() => world.drop());

  const open = async (): Promise<Alert[]> => {
    await world.alerts.update();
    return await world.alerts.list(world.account.id, { open: true, limit: 100 });
  };
  const kinds = async (): Promise<AlertKind[]> => (await open()).map(({ kind }) => kind);

  async function fail(databaseId: string): Promise<void> {
    const wanted = { databaseId, destinationId: null, method: 'manual', requestId: null, maxFailures: 1 } as const;
    const id = (await world.backups.create(wanted))?.id ?? '';
    await world.backups.claim(id, lease);
    await world.backups.fail(id, 1, failure);
  }

  /** A schedule whose slots were these hours ago, oldest first. */
  async function scheduleWith(...slots: [hoursAgo: number, status: 'missed' | 'done'][]) {
    const database = await world.newDatabase();
    const schedule = (await world.schedules.create(world.account.id, newSchedule(database.id))) as Schedule;
    await world.sql('delete from holdfast.slots where schedule_id = $1', [schedule.id]);
    for (const [hoursAgo, status] of slots) {
      await world.sql(
        `insert into holdfast.slots (schedule_id, scheduled_for, run_at, status, covers, ended_at)
         select $1, at, at, $3, 1, now() from (select now() - make_interval(hours => $2) as at) slot`,
        [schedule.id, hoursAgo, status],
      );
    }
    return { database, schedule };
  }

  it('are raised once for a failure that lasts, and are over when a backup is good again', async () => {
    const database = await world.newDatabase();
    await fail(database.id);
    const first = await world.alerts.update();
    expect(first.raised.map(({ kind, subjectId }) => [kind, subjectId])).to.deep.equal([
      ['backup_failed', database.id],
    ]);
    expect(first.raised[0]?.message).to.contain(database.name).and.contain(failure.error.message);
    await fail(database.id);
    expect(await world.alerts.update()).to.deep.equal({ raised: [], cleared: [] });
    await world.doneBackup(database);
    expect((await world.alerts.update()).cleared.map(({ kind }) => kind)).to.deep.equal(['backup_failed']);
    expect(await open()).to.deep.equal([]);
    const [past] = await world.alerts.list(world.account.id, { open: false, limit: 10 });
    expect(past?.clearedAt).to.be.a('date');
  });

  it('do not come of a backup that somebody cancelled', async () => {
    const { id } = await world.newBackup();
    await world.backups.requestCancel(id);
    expect(await open()).to.deep.equal([]);
  });

  it('come of a database without a good backup since the slot before its newest', async () => {
    const { database, schedule } = await scheduleWith([2, 'done'], [1, 'done']);
    const [alert] = await open();
    expect(alert).to.include({ kind: 'backup_overdue', subjectId: schedule.id });
    expect(alert?.message).to.contain(database.name).and.contain('there is none');
    await world.doneBackup(database);
    expect(await open()).to.deep.equal([]);
  });

  it('come of a single slot that led to nothing for hours, and not of one that is only just due', async () => {
    await scheduleWith([1, 'done']);
    expect(await open()).to.deep.equal([]);
    await scheduleWith([7, 'done']);
    expect(await kinds()).to.deep.equal(['backup_overdue']);
  });

  it('come of slots that were missed, until a later one is done or the schedule is switched off', async () => {
    const { database, schedule } = await scheduleWith([5, 'missed'], [4, 'missed']);
    await world.doneBackup(database);
    const [alert] = await open();
    expect(alert).to.include({ kind: 'slots_missed' });
    expect(alert?.message).to.match(/^2 planned backups/);
    const again = await scheduleWith([5, 'missed'], [4, 'done']);
    await world.doneBackup(again.database);
    expect(await open()).to.have.length(1);
    await world.schedules.update(world.account.id, schedule.id, { enabled: false });
    expect(await open()).to.deep.equal([]);
  });

  it('come of what a store lost, of a removal that fails, and of what a destination holds that nobody owns', async () => {
    const { id } = await world.doneBackup();
    await world.backups.markDamaged(id, { state: 'missing', detail: 'The dump is missing.' });
    const deleted = await world.doneBackup();
    await world.backups.requestDeletion(world.account.id, deleted.id, { graceSeconds: 0 });
    await world.backups.deletionFailed(deleted.id, { code: 'store_denied', message: 'The store denied it.' });
    await world.sql(
      `insert into holdfast.reconciliations (destination_id, error) values ($1, '{"message":"It is away."}')`,
      [world.destination.id],
    );
    await world.sql(
      `insert into holdfast.orphans (destination_id, kind, key, upload_id, size, known)
       values ($1, 'object', 'theirs', '', 1, false), ($1, 'object', 'ours', '', 1, true)`,
      [world.destination.id],
    );
    const alerts = await open();
    expect(alerts.map(({ kind }) => kind)).to.have.members([
      'backup_damaged',
      'deletion_failed',
      'reconciliation_failed',
      'orphans_found',
    ]);
    await world.sql(
      `update holdfast.reconciliations set error = '{"code":"object_missing","message":"Nothing is there."}'`,
    );
    expect(await kinds(), 'one for the whole destination').to.have.members([
      'deletion_failed',
      'reconciliation_failed',
      'orphans_found',
    ]);
    expect(alerts.find(({ kind }) => kind === 'orphans_found')?.message).to.contain('holds 1 objects');
  });

  it('are written by one of several processes that look at the same time', async () => {
    for (let count = 0; count < 5; count += 1) await fail((await world.newDatabase()).id);
    const others = [world, await world.another(), await world.another()];
    const updates = await Promise.all(others.map(({ alerts }) => alerts.update()));
    expect(updates.flatMap(({ raised }) => raised)).to.have.length(5);
    expect(await open()).to.have.length(5);
  });
});
