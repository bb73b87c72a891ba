import { expect } from 'chai';
import { HoldfastError, nextTick, type Schedule } from '@holdfast/shared/domain';
import type { NewSchedule, Persistence, TakenSlot } from './index.ts';
import { failure, lease, newFile, newSchedule, openWorld, unusedName, type World } from './testing/world.ts';
import { jitterMs } from './ticks.ts';

const minute = 60_000;
const hour = 60 * minute;

/** An hourly schedule whose newest tick was half an hour ago, so that no tick comes while the tests run. */
const newest = new Date(Math.floor((Date.now() - 30 * minute) / minute) * minute);
const hourly = `${newest.getUTCMinutes()} * * * *`;
const newestTicks = (count: number): Date[] =>
  Array.from({ length: count }, (_, index) => new Date(newest.getTime() - (count - 1 - index) * hour));

describe('schedules', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  // What one test leaves is not due in the next.
  afterEach(() => world.sql(`delete from holdfast.slots where status = 'planned'`));
  after(() => world.drop());

  const create = async (change: Partial<NewSchedule> = {}): Promise<Schedule> => {
    const databaseId = change.databaseId ?? (await world.newDatabase()).id;
    const schedule = await world.schedules.create(world.account.id, { ...newSchedule(databaseId), ...change });
    if (!schedule) throw new Error('The test schedule was not created.');
    return schedule;
  };
  const read = async ({ databaseId, id }: Schedule): Promise<Schedule> => {
    const schedule = await world.schedules.findOwned(world.account.id, databaseId, id);
    if (!schedule) throw new Error('The test schedule is gone.');
    return schedule;
  };
  /** As if the last one to look had been there just before this tick, and had planned it alone. */
  const rewind = async (schedule: Schedule, tick: Date): Promise<void> => {
    await world.sql('delete from holdfast.slots where schedule_id = $1', [schedule.id]);
    await world.sql(
      `insert into holdfast.slots (schedule_id, scheduled_for, run_at, status, covers) values ($1, $2, $3, 'planned', 1)`,
      [schedule.id, tick, new Date(tick.getTime() + jitterMs(schedule))],
    );
  };
  const missed = async (change: Partial<NewSchedule>, count: number): Promise<Schedule> => {
    const schedule = await create({ cron: hourly, ...change });
    const [first] = newestTicks(count);
    if (first) await rewind(schedule, first);
    return schedule;
  };
  const backupsOf = (schedule: Schedule) =>
    world.sql<{ id: string; at: Date }>(
      'select id, scheduled_for as at from holdfast.backups where schedule_id = $1 order by scheduled_for',
      [schedule.id],
    );
  const timesOf = async (schedule: Schedule): Promise<Date[]> => (await backupsOf(schedule)).map(({ at }) => at);
  const slotsOf = ({ id }: Schedule) => world.schedules.slots(id, { limit: 1000, before: null });
  const update = (schedule: Schedule, change: Partial<NewSchedule>) =>
    world.schedules.update(world.account.id, schedule.id, change);

  describe('when they are set', () => {
    it('come due at their next tick by the clock of the database, put off by their jitter', async () => {
      const schedule = await create({ jitterSeconds: 900, timezone: 'Europe/Berlin' });
      const next = nextTick(schedule, new Date(Date.now() - jitterMs(schedule)));
      expect(schedule.nextRunAt?.getTime()).to.equal(Number(next) + jitterMs(schedule));
      expect(await read(schedule)).to.deep.equal(schedule);
    });

    it('never come due while they are off, and count from now when they are switched on', async () => {
      const schedule = await create({ enabled: false });
      expect(schedule.nextRunAt).to.equal(null);
      const on = await world.schedules.update(world.account.id, schedule.id, { enabled: true });
      expect(on?.nextRunAt).to.deep.equal(nextTick(schedule, new Date()));
      const off = await world.schedules.update(world.account.id, schedule.id, { enabled: false });
      expect(off).to.deep.include({ enabled: false, nextRunAt: null });
    });

    it('move when their time changes, and only then', async () => {
      const schedule = await create();
      const kept = await world.schedules.update(world.account.id, schedule.id, { retention: { keepLast: 7 } });
      expect(kept).to.deep.include({ retention: { keepLast: 7 }, nextRunAt: schedule.nextRunAt });
      const moved = await world.schedules.update(world.account.id, schedule.id, { cron: '30 4 * * *' });
      expect(moved?.nextRunAt).to.deep.equal(nextTick({ cron: '30 4 * * *', timezone: 'UTC' }, new Date()));
    });

    it('are planned before they are due, the next ten of them', async () => {
      const schedule = await create({ cron: hourly, timezone: 'Europe/Berlin' });
      const { past, planned } = await slotsOf(schedule);
      expect(past).to.deep.equal([]);
      expect(planned.map(({ scheduledFor }) => scheduledFor)).to.deep.equal(
        Array.from({ length: 10 }, (_, index) => new Date(newest.getTime() + (index + 1) * hour)),
      );
      expect(planned[0]).to.deep.include({ status: 'planned', reason: null, covers: 1, backupId: null, endedAt: null });
    });

    it('keep what is due, what was taken and the rows of unchanged times when their cron changes', async () => {
      const schedule = await missed({}, 3);
      await world.schedules.takeDue(10, 3);
      const before = await slotsOf(schedule);
      await world.sql(
        `insert into holdfast.slots (schedule_id, scheduled_for, run_at, status, covers) values ($1, $2, $2, 'planned', 1)`,
        [schedule.id, new Date(newest.getTime() + minute)],
      );
      const row = 'select scheduled_for as at, created_at as made from holdfast.slots where schedule_id = $1';
      const made = await world.sql<{ at: Date; made: Date }>(row, [schedule.id]);
      await update(schedule, { cron: `${newest.getUTCMinutes()} */2 * * *` });
      const { past, planned } = await slotsOf(schedule);
      expect(past).to.deep.equal(before.past);
      const [due, ...next] = planned.map(({ scheduledFor }) => scheduledFor);
      expect(due).to.deep.equal(new Date(newest.getTime() + minute));
      expect(next).to.have.length(10);
      for (const at of next) expect(at.getUTCHours() % 2).to.equal(0);
      const now = await world.sql<{ at: Date; made: Date }>(row, [schedule.id]);
      const kept = now.filter(({ at }) => made.some((one) => Number(one.at) === Number(at)));
      expect(kept.length).to.be.at.least(3 + 1 + 4);
      for (const one of kept) expect(made).to.deep.include(one);
    });

    it('keep each row when something else changes', async () => {
      const schedule = await missed({}, 3);
      const before = await slotsOf(schedule);
      await update(schedule, { catchUp: 'all', overlap: 'skip', graceSeconds: 5, retention: { keepLast: 3 } });
      expect(await slotsOf(schedule)).to.deep.equal(before);
    });

    it('move by their jitter when that changes, and none is lost that would be over by then', async () => {
      const schedule = await create({ cron: '* * * * *', jitterSeconds: 86_400 });
      const { planned } = await slotsOf(schedule);
      expect(Number(planned[0]?.runAt) - Number(planned[0]?.scheduledFor)).to.equal(jitterMs(schedule));
      await update(schedule, { jitterSeconds: 0 });
      const moved = await slotsOf(schedule);
      expect(moved.planned.map(({ scheduledFor }) => scheduledFor).slice(0, 10)).to.deep.equal(
        planned.map(({ scheduledFor }) => scheduledFor),
      );
      const taken = await world.schedules.takeDue(10, 3);
      for (const slot of planned) {
        const { scheduledFor } = slot;
        expect(taken.find((one) => Number(one.scheduledFor) === Number(scheduledFor))?.status).to.equal('running');
      }
    });

    it('skip what was due when they are switched off, and have nothing to come', async () => {
      const schedule = await missed({}, 250);
      await update(schedule, { enabled: false });
      const { past, planned } = await slotsOf(schedule);
      expect(planned).to.deep.equal([]);
      for (const slot of past) expect(slot).to.deep.include({ status: 'skipped', reason: 'disabled', backupId: null });
      expect(past.reduce((sum, { covers }) => sum + covers, 0)).to.equal(250);
      await update(schedule, { enabled: true });
      expect((await slotsOf(schedule)).planned).to.have.length(10);
      expect(await world.schedules.takeDue(10, 3)).to.deep.equal([]);
    });

    it('belong to a database and a destination of their account', async () => {
      const stranger = await world.accounts.create(unusedName());
      const { id: databaseId } = await world.newDatabase();
      const destination = { label: 'x', type: 'local', settings: { path: '' } } as const;
      const theirs = await world.destinations.create(stranger.id, destination);
      expect(await world.schedules.create(stranger.id, newSchedule(databaseId))).to.equal(null);
      const creating = create({ databaseId, destinationId: theirs.id });
      expect(await creating.catch((error: unknown) => error)).to.be.instanceOf(HoldfastError);
      const schedule = await create({ databaseId });
      expect(await world.schedules.findOwned(stranger.id, databaseId, schedule.id)).to.equal(null);
      expect(await world.schedules.update(stranger.id, schedule.id, { enabled: false })).to.equal(null);
      expect(await world.schedules.delete(stranger.id, schedule.id)).to.equal(false);
    });

    it('have one periodic setting for each database', async () => {
      const setting = await create({ isPeriodicSetting: true });
      const { databaseId } = setting;
      expect(await world.schedules.findPeriodicSetting(databaseId)).to.deep.equal(setting);
      const again = create({ databaseId, isPeriodicSetting: true });
      expect(await again.catch((error: unknown) => error)).to.be.instanceOf(HoldfastError);
      const other = await create({ databaseId });
      expect((await world.schedules.list(databaseId)).map(({ id }) => id)).to.deep.equal([other.id, setting.id]);
    });

    it('leave their backups behind when they are deleted, also those that wait', async () => {
      const schedule = await missed({}, 1);
      const [slot] = await world.schedules.takeDue(10, 3);
      const id = slot?.backupId ?? '';
      expect(await world.schedules.delete(world.account.id, schedule.id)).to.equal(true);
      expect(await world.backups.find(id)).to.include({ scheduleId: null, method: 'periodic', status: 'scheduled' });
      expect(await world.sql('select from holdfast.slots where schedule_id = $1', [schedule.id])).to.deep.equal([]);
      await world.backups.claim(id, lease);
      expect(await world.backups.settle(id, 1, { files: [newFile(id)], manifestKey: 'm' })).to.equal(true);
    });
  });

  describe('when they are due', () => {
    it('make exactly one backup for each tick, however many schedulers there are', async () => {
      const others = await Promise.all([world.another(), world.another(), world.another()]);
      const schedules = await Promise.all(Array.from({ length: 6 }, () => missed({ catchUp: 'all' }, 25)));
      const fast = await create({ cron: '* * * * * *' });
      const begin = new Date(Math.floor(Date.now() / 1000) * 1000 - 10_000);
      await rewind(fast, begin);
      const ticks: TakenSlot[] = [];
      const run = async ({ schedules: side }: Persistence): Promise<void> => {
        for (let turn = 0; turn < 10; turn += 1) ticks.push(...(await side.takeDue(5, 3)));
      };
      await Promise.all([world, ...others].map(run));
      for (const schedule of schedules) {
        expect(await timesOf(schedule)).to.deep.equal(newestTicks(25));
        expect((await read(schedule)).nextRunAt).to.deep.equal(new Date(newest.getTime() + hour));
      }
      const seconds = await timesOf(fast);
      expect(seconds.length).to.be.at.least(10);
      expect(seconds).to.deep.equal(seconds.map((_, index) => new Date(begin.getTime() + index * 1000)));
      const ids = ticks.map(({ backupId }) => backupId);
      expect(ids).to.not.include(null);
      expect(new Set(ids).size).to.equal(6 * 25 + seconds.length);
      expect(ids).to.have.length(6 * 25 + seconds.length);
    });

    it('make a periodic backup that answers the tick, not the moment of the jitter', async () => {
      const schedule = await missed({ jitterSeconds: 60 }, 1);
      const [tick] = await world.schedules.takeDue(10, 5);
      expect(tick).to.deep.include({ scheduleId: schedule.id, scheduledFor: newest, status: 'running' });
      expect(await world.backups.find(tick?.backupId ?? '')).to.deep.include({
        scheduleId: schedule.id,
        scheduledFor: newest,
        databaseId: schedule.databaseId,
        destinationId: world.destination.id,
        method: 'periodic',
        status: 'scheduled',
        requestId: null,
        maxFailures: 5,
      });
      const { nextRunAt, lastRunAt } = await read(schedule);
      expect(nextRunAt?.getTime()).to.equal(newest.getTime() + hour + jitterMs(schedule));
      expect(lastRunAt).to.be.a('date');
      expect(await world.schedules.takeDue(10, 5)).to.deep.equal([]);
    });

    it('catch up as their policy says', async () => {
      const skip = await missed({ catchUp: 'skip' }, 4);
      const once = await missed({ catchUp: 'once' }, 4);
      const all = await missed({ catchUp: 'all' }, 4);
      await world.schedules.takeDue(10, 3);
      const fates = async (schedule: Schedule) =>
        (await slotsOf(schedule)).past.toReversed().map(({ status, reason }) => reason ?? status);
      expect(await fates(skip)).to.deep.equal(['missed', 'missed', 'missed', 'missed']);
      expect(await fates(once)).to.deep.equal(['caught_up', 'caught_up', 'caught_up', 'running']);
      expect(await fates(all)).to.deep.equal(['running', 'running', 'running', 'running']);
      expect(await timesOf(skip)).to.deep.equal([]);
      expect(await timesOf(once)).to.deep.equal([newest]);
      expect(await timesOf(all)).to.deep.equal(newestTicks(4));
      expect((await read(skip)).lastRunAt).to.equal(null);
    });

    it('count each time of years that nobody saw, in a bounded number of rows', async () => {
      const schedule = await create({ cron: '* * * * *', catchUp: 'skip' });
      await rewind(schedule, new Date(newest.getTime() - 3 * 365 * 24 * hour));
      const taken = await world.schedules.takeDue(10, 3);
      expect(taken.length).to.be.within(100, 110);
      const late = taken.filter(({ status }) => status === 'missed');
      const [first, last] = [late[0], late.at(-1)];
      expect(first?.covers).to.equal(1);
      const minutes = (Number(last?.scheduledFor) - Number(first?.scheduledFor)) / minute + 1;
      expect(late.reduce((sum, { covers }) => sum + covers, 0)).to.equal(minutes);
    });

    it('skip a tick while a backup of the database waits or runs, when they are told so', async () => {
      const database = await world.newDatabase();
      const skip = await missed({ databaseId: database.id, overlap: 'skip' }, 1);
      const skipped = { scheduleId: skip.id, scheduledFor: newest, covers: 1, backupId: null };
      const overlapped = [{ ...skipped, status: 'skipped', reason: 'overlap' }];
      const manual = await world.newBackup(database);
      expect(await world.schedules.takeDue(10, 3), 'while it waits').to.deep.equal(overlapped);
      await world.backups.claim(manual.id, lease);
      await rewind(skip, newest);
      expect(await world.schedules.takeDue(10, 3), 'while it runs').to.deep.equal(overlapped);
      const queue = await missed({ databaseId: database.id, overlap: 'queue' }, 1);
      await world.schedules.takeDue(10, 3);
      const [queued] = await backupsOf(queue);
      await world.backups.settle(manual.id, 1, { files: [newFile(manual.id)], manifestKey: 'm' });
      await world.backups.requestCancel(queued?.id ?? '');
      await rewind(skip, newest);
      expect((await world.schedules.takeDue(10, 3))[0]?.backupId, 'when both have ended').to.be.a('string');
    });

    it('end as their backup does, in the same statement', async () => {
      const schedule = await missed({ catchUp: 'all' }, 3);
      const taken = await world.schedules.takeDue(10, 3);
      const [done = '', failed = '', cancelled = ''] = taken.map(({ backupId }) => backupId ?? '');
      const result = { files: [newFile(done)], manifestKey: 'm' };
      await world.backups.claim(done, lease);
      await world.backups.settle(done, 1, result);
      await world.backups.claim(failed, lease);
      await world.backups.fail(failed, 1, { ...failure, retryable: false });
      await world.backups.requestCancel(cancelled);
      const { past } = await slotsOf(schedule);
      expect(past.map(({ status }) => status)).to.deep.equal(['error', 'error', 'done']);
      for (const { endedAt, backupId } of past) {
        const backup = await world.backups.find(backupId ?? '');
        expect(Number(endedAt) - Number(backup?.completedAt)).to.be.within(0, 100);
      }
    });

    it('are all due again when a scheduler dies between taking and committing', async () => {
      const schedule = await missed({ catchUp: 'all' }, 3);
      // The last statement of the turn fails, as if the connection had gone.
      await world.sql(`create function dies() returns trigger language plpgsql as $$ begin raise 'gone'; end $$`);
      await world.sql('create trigger dies before update on holdfast.schedules execute function dies()');
      const turn = await world.schedules.takeDue(10, 3).catch((error: unknown) => error);
      expect(turn).to.be.instanceOf(AggregateError);
      expect(await timesOf(schedule)).to.deep.equal([]);
      await world.sql('drop function dies cascade');
      await world.schedules.takeDue(10, 3);
      expect(await timesOf(schedule)).to.deep.equal(newestTicks(3));
    });

    it('make one backup when two that skip overlaps come due in the same moment', async () => {
      const other = await world.another();
      for (let round = 0; round < 10; round += 1) {
        const { id: databaseId } = await world.newDatabase();
        await missed({ databaseId, overlap: 'skip' }, 1);
        await missed({ databaseId, overlap: 'skip' }, 1);
        const turns = await Promise.all([world, other].map(({ schedules }) => schedules.takeDue(2, 3)));
        expect(turns.flat().filter(({ backupId }) => backupId !== null)).to.have.length(1);
      }
    });

    it('never answer a tick twice, even when their next time were set back', async () => {
      const schedule = await missed({ catchUp: 'all' }, 3);
      const taken = await world.schedules.takeDue(10, 3);
      await world.backups.requestCancel(taken[0]?.backupId ?? '');
      const before = await backupsOf(schedule);
      const [first] = newestTicks(3);
      await rewind(schedule, first ?? new Date());
      await world.schedules.takeDue(10, 3);
      expect(await backupsOf(schedule)).to.deep.equal(before);
      const { past } = await slotsOf(schedule);
      expect(past.map(({ backupId }) => backupId)).to.deep.equal(before.map(({ id }) => id).toReversed());
      expect(past.map(({ status }) => status)).to.deep.equal(['running', 'running', 'error']);
    });

    it('take their turn although another one fails, which is told in the end', async () => {
      const broken = await missed({}, 2);
      await world.sql(`update holdfast.schedules set cron = 'never' where id = $1`, [broken.id]);
      const sound = await missed({}, 1);
      const turn = await world.schedules.takeDue(10, 3).catch((error: unknown) => error);
      expect(turn).to.be.instanceOf(AggregateError);
      expect(await timesOf(sound)).to.have.length(1);
    });

    it('that are being taken by another scheduler are not waited for', async () => {
      const locked = await missed({}, 1);
      const free = await missed({}, 1);
      const ticks = await world.whileOpen('select from holdfast.schedules where id = $1 for update', [locked.id], () =>
        world.schedules.takeDue(10, 3),
      );
      expect(ticks.map(({ scheduleId }) => scheduleId)).to.deep.equal([free.id]);
      expect((await world.schedules.takeDue(10, 3)).map(({ scheduleId }) => scheduleId)).to.deep.equal([locked.id]);
    });
  });

  it('are planned on for schedules that have too few ahead', async () => {
    const schedule = await create();
    await world.sql('delete from holdfast.slots where schedule_id = $1', [schedule.id]);
    const behind = await create();
    const { planned } = await slotsOf(behind);
    await world.sql('delete from holdfast.slots where schedule_id = $1 and scheduled_for > $2', [
      behind.id,
      planned[3]?.scheduledFor,
    ]);
    await create({ enabled: false });
    expect(await world.schedules.planMissing(100)).to.be.at.least(2);
    expect((await slotsOf(schedule)).planned).to.have.length(10);
    expect((await slotsOf(behind)).planned).to.deep.equal(planned);
  });

  it('are forgotten when they ended more than 400 days ago, and no earlier', async () => {
    const schedule = await missed({ catchUp: 'skip' }, 4);
    await world.schedules.takeDue(10, 3);
    const age = (days: number, at: Date | undefined) =>
      world.sql(
        `update holdfast.slots set ended_at = now() - make_interval(days => $3) where schedule_id = $1 and scheduled_for = $2`,
        [schedule.id, at, days],
      );
    const [first, second, third, fourth] = newestTicks(4);
    for (const old of [first, second]) await age(401, old);
    await age(399, third);
    expect(await world.schedules.forgetOldSlots(1)).to.equal(1);
    expect(await world.schedules.forgetOldSlots(10)).to.equal(1);
    expect(await world.schedules.forgetOldSlots(10)).to.equal(0);
    expect((await slotsOf(schedule)).past.map(({ scheduledFor }) => scheduledFor)).to.deep.equal([fourth, third]);
  });

  it('are told page by page, newest first', async () => {
    const schedule = await missed({ catchUp: 'all' }, 5);
    await world.schedules.takeDue(10, 3);
    const all = newestTicks(5).toReversed();
    const page = async (before: Date | null) =>
      (await world.schedules.slots(schedule.id, { limit: 2, before })).past.map(({ scheduledFor }) => scheduledFor);
    expect(await page(null)).to.deep.equal(all.slice(0, 2));
    expect(await page(all[1] ?? null)).to.deep.equal(all.slice(2, 4));
    expect(await page(all[3] ?? null)).to.deep.equal(all.slice(4));
  });

  it('go on from backup to backup: the queued one runs when the one before it is done', async () => {
    const schedule = await missed({ catchUp: 'all' }, 2);
    const [first, second] = await world.schedules.takeDue(10, 3);
    const [older, newer] = [first?.backupId ?? '', second?.backupId ?? ''];
    expect(await world.backups.claim(newer, lease)).to.equal(null);
    await world.backups.claim(older, lease);
    await world.backups.settle(older, 1, { files: [newFile(older)], manifestKey: 'm' });
    expect(await world.backups.claim(newer, lease)).to.include({ scheduleId: schedule.id });
  });
});
