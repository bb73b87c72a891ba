import { expect } from 'chai';
import { HoldfastError, nextTick, type Schedule } from '@holdfast/shared/domain';
import type { NewSchedule, Persistence, Tick } from './index.ts';
import { lease, newFile, newSchedule, openWorld, unusedName, type World } from './testing/world.ts';
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
  afterEach(() => world.sql('update holdfast.schedules set enabled = false, next_tick_at = null, next_run_at = null'));
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
  /** As if the last one to look had been there just before this tick. */
  const rewind = (schedule: Schedule, tick: Date) =>
    world.sql('update holdfast.schedules set next_tick_at = $2, next_run_at = $3 where id = $1', [
      schedule.id,
      tick,
      new Date(tick.getTime() + jitterMs(schedule)),
    ]);
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

  describe('when they are set', () => {
    it('come due at their next tick by the clock of the database, put off by their jitter', async () => {
      const schedule = await create({ jitterSeconds: 900, timezone: 'Europe/Berlin' });
      const expected = Number(nextTick(schedule, new Date())) + jitterMs(schedule);
      expect(schedule.nextRunAt?.getTime()).to.equal(expected);
      expect(await read(schedule)).to.deep.equal(schedule);
      expect(schedule).to.not.have.property('nextTickAt');
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

    it('keep a tick that was due already when their time changes', async () => {
      const schedule = await missed({}, 1);
      await world.schedules.update(world.account.id, schedule.id, { cron: '0 3 * * *' });
      await world.schedules.takeDue(10, 3);
      expect(await timesOf(schedule)).to.have.length(1);
      expect((await read(schedule)).nextRunAt).to.deep.equal(nextTick(newSchedule(''), new Date()));
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

    it('leave their backups behind when they are deleted', async () => {
      const schedule = await missed({}, 1);
      const [tick] = await world.schedules.takeDue(10, 3);
      expect(await world.schedules.delete(world.account.id, schedule.id)).to.equal(true);
      expect(await world.backups.find(tick?.backupId ?? '')).to.include({ scheduleId: null, method: 'periodic' });
    });
  });

  describe('when they are due', () => {
    it('make exactly one backup for each tick, however many schedulers there are', async function () {
      this.timeout(60_000);
      const others = await Promise.all([world.another(), world.another(), world.another()]);
      const schedules = await Promise.all(Array.from({ length: 6 }, () => missed({ catchUp: 'all' }, 25)));
      const fast = await create({ cron: '* * * * * *' });
      const begin = new Date(Math.floor(Date.now() / 1000) * 1000 - 10_000);
      await rewind(fast, begin);
      const ticks: Tick[] = [];
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
      expect(tick).to.deep.include({ scheduleId: schedule.id, scheduledFor: newest });
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
      const ticks = await world.schedules.takeDue(10, 3);
      expect(ticks.filter(({ backupId }) => backupId === null)).to.deep.equal([
        { scheduleId: skip.id, scheduledFor: newest, backupId: null },
      ]);
      expect(await timesOf(skip)).to.deep.equal([]);
      expect(await timesOf(once)).to.deep.equal([newest]);
      expect(await timesOf(all)).to.deep.equal(newestTicks(4));
      expect((await read(skip)).lastRunAt).to.equal(null);
    });

    it('skip a tick while a backup of the database waits or runs, when they are told so', async () => {
      const database = await world.newDatabase();
      const skip = await missed({ databaseId: database.id, overlap: 'skip' }, 1);
      const skipped = [{ scheduleId: skip.id, scheduledFor: newest, backupId: null }];
      const manual = await world.newBackup(database);
      expect(await world.schedules.takeDue(10, 3), 'while it waits').to.deep.equal(skipped);
      await world.backups.claim(manual.id, lease);
      await rewind(skip, newest);
      expect(await world.schedules.takeDue(10, 3), 'while it runs').to.deep.equal(skipped);
      const queue = await missed({ databaseId: database.id, overlap: 'queue' }, 1);
      await world.schedules.takeDue(10, 3);
      const [queued] = await backupsOf(queue);
      await world.backups.settle(manual.id, 1, { files: [newFile(manual.id)], manifestKey: 'm' });
      await world.backups.requestCancel(queued?.id ?? '');
      await rewind(skip, newest);
      expect((await world.schedules.takeDue(10, 3))[0]?.backupId, 'when both have ended').to.be.a('string');
    });

    it('make one backup when two that skip overlaps come due in the same moment', async () => {
      const other = await world.another();
      for (let round = 0; round < 10; round += 1) {
        const { id: databaseId } = await world.newDatabase();
        await missed({ databaseId, overlap: 'skip' }, 1);
        await missed({ databaseId, overlap: 'skip' }, 1);
        const turns = await Promise.all([world, other].map(({ schedules }) => schedules.takeDue(1, 3)));
        expect(turns.flat().filter(({ backupId }) => backupId !== null)).to.have.length(1);
      }
    });

    it('never answer a tick twice, even when their next time were set back', async () => {
      const schedule = await missed({ catchUp: 'all' }, 3);
      await world.schedules.takeDue(10, 3);
      const before = await backupsOf(schedule);
      const [first] = newestTicks(3);
      await rewind(schedule, first ?? new Date());
      const ticks = await world.schedules.takeDue(10, 3);
      expect(ticks.map(({ backupId }) => backupId)).to.deep.equal([null, null, null]);
      expect(await backupsOf(schedule)).to.deep.equal(before);
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
