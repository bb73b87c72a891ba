import { expect } from 'chai';
import type { Alert, AlertKind, Schedule, ServiceName, VerificationLevel } from '@holdfast/shared/domain';
import type { NewVerification } from '../index.ts';
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

  it('come of a verification that came to less or to nothing, until as much is proven of a later one', async () => {
    const database = await world.newDatabase();
    const verification = { level: 'restorable', every: 1, scratchDatabaseId: null } as const;
    const { id: scheduleId } = (await world.schedules.create(world.account.id, {
      ...newSchedule(database.id),
      verification,
    })) as Schedule;
    const verify = async (wanted: Partial<NewVerification>, reached: VerificationLevel | 'error'): Promise<void> => {
      const backup = await world.doneBackup(database);
      await world.sql('update holdfast.backups set schedule_id = $2 where id = $1', [backup.id, scheduleId]);
      const { id } = await world.newVerification(backup, { level: 'restorable', ...wanted });
      await world.verifications.claim(id, lease);
      const findings = [{ code: 'extension', message: 'The server lacks postgis.' }];
      if (reached === 'error') await world.verifications.fail(id, 1, { ...failure, retryable: false });
      else await world.verifications.settle(id, 1, { reached, findings, damage: null });
    };
    await verify({ cause: 'manual' }, 'error');
    expect(await kinds(), 'who asked was told').to.deep.equal([]);
    await verify({ cause: 'policy' }, 'readable');
    const [alert] = await open();
    expect(alert).to.include({ kind: 'verification_failed', subjectId: database.id });
    expect(alert?.message).to.contain('"readable" instead of "restorable": The server lacks postgis.');
    await verify({ cause: 'policy' }, 'error');
    expect((await open()).map(({ message }) => message).join()).to.contain(failure.error.message);
    await verify({ cause: 'recheck', level: 'readable' }, 'readable');
    expect(await kinds(), 'less was proven since').to.deep.equal(['verification_failed']);
    await verify({ cause: 'manual' }, 'restorable');
    expect(await kinds()).to.deep.equal([]);
    await verify({ cause: 'policy' }, 'error');
    await world.schedules.update(world.account.id, scheduleId, { verification: null });
    expect(await kinds(), 'as nobody asks for it any more').to.deep.equal([]);
    await verify({ cause: 'recheck', level: 'readable' }, 'stored');
    expect(await kinds()).to.deep.equal(['verification_failed']);
  });

  it('come of a planned verification that nobody began for a day', async () => {
    const backup = await world.doneBackup();
    const { id } = await world.newVerification(backup, { cause: 'policy' });
    expect(await kinds()).to.deep.equal([]);
    await world.sql(`update holdfast.verifications set created_at = now() - interval '25 hours' where id = $1`, [id]);
    const [alert] = await open();
    expect(alert).to.include({ kind: 'verification_overdue', subjectId: backup.databaseId });
    await world.verifications.claim(id, lease);
    expect(await kinds()).to.deep.equal([]);
  });

  it('say of a backup that restores to something else what was found', async () => {
    const backup = await world.doneBackup();
    const { id } = await world.newVerification(backup, { level: 'identical' });
    await world.verifications.claim(id, lease);
    const damage = { state: 'unfaithful', detail: 'public.orders has 3 rows instead of 4.' } as const;
    await world.verifications.settle(id, 1, { reached: 'restorable', findings: [], damage });
    const [alert] = await open();
    expect(alert).to.include({ kind: 'backup_damaged', subjectId: backup.id });
    expect(alert?.message).to.contain('does not restore to what was backed up').and.contain(damage.detail);
  });

  it('come of a service that was not heard, as soon as a sentinel has listened for that long', async () => {
    const beat = (service: ServiceName) => world.services.beat({ service, instance: service, version: '1' });
    const silent = async (): Promise<string[]> =>
      (await open()).filter(({ kind }) => kind === 'service_silent').map(({ subjectId }) => subjectId);
    const pass = (seconds: number) =>
      world.sql(
        `update holdfast.service_instances set seen_at = seen_at - make_interval(secs => $1),
           steady_since = steady_since - make_interval(secs => $1)`,
        [seconds],
      );
    for (const service of ['api', 'scheduler', 'sentinel'] as const) await beat(service);
    await pass(50);
    for (const service of ['api', 'sentinel'] as const) await beat(service);
    expect(await silent(), 'the worker may be about to start').to.deep.equal([]);
    await pass(20);
    for (const service of ['api', 'sentinel'] as const) await beat(service);
    expect(await silent()).to.have.members(['scheduler', 'worker']);
    const alert = (await open()).find(({ subjectId }) => subjectId === 'scheduler');
    expect(alert).to.include({ subjectType: 'service' });
    expect(alert?.message).to.match(/^No scheduler was heard since 20.* UTC: no planned backup/);
    await beat('scheduler');
    expect(await silent()).to.deep.equal(['worker']);
    // As after an outage of our own database: nobody could say anything.
    await pass(300);
    await beat('sentinel');
    expect(await silent(), 'what was told before is not over').to.deep.equal(['worker']);
  });

  it('stay open when somebody acknowledged them, under the name of the first, and come anew when they come again', async () => {
    const database = await world.newDatabase();
    await fail(database.id);
    const [alert] = await open();
    const { account } = world;
    const acknowledge = (accountId: number, by: string) => world.alerts.acknowledge(accountId, alert?.id ?? '', by);
    expect(await acknowledge(account.id + 1, 'stranger')).to.equal(null);
    const known = await acknowledge(account.id, 'ann');
    expect(known).to.include({ id: alert?.id, acknowledgedBy: 'ann', clearedAt: null });
    expect(await acknowledge(account.id, 'bob')).to.deep.equal(known);
    expect(await open()).to.have.length(1);
    await world.doneBackup(database);
    expect(await open()).to.deep.equal([]);
    await fail(database.id);
    expect((await open())[0]).to.include({ acknowledgedAt: null, acknowledgedBy: null });
  });

  it('are written by one of several processes that look at the same time', async () => {
    for (let count = 0; count < 5; count += 1) await fail((await world.newDatabase()).id);
    const others = [world, await world.another(), await world.another()];
    const updates = await Promise.all(others.map(({ alerts }) => alerts.update()));
    expect(updates.flatMap(({ raised }) => raised)).to.have.length(5);
    expect(await open()).to.have.length(5);
  });
});
