import { expect } from 'chai';
import * as fc from 'fast-check';
import { catchUpPolicies, CronTimes, overlapPolicies, type Schedule, type Slot } from '@holdfast/shared/domain';
import type { Persistence, TakenSlot } from './index.ts';
import { runsPerTurn } from './take-slots.ts';
import { useClock, type TestClock } from './testing/clock.ts';
import { newSchedule, openWorld, type World } from './testing/world.ts';
import { jitterMs } from './ticks.ts';

const crons = ['*/5 * * * *', '0 * * * *', '30 2 * * *', '10,40 1-3 * * *', '0 3 1 * *'] as const;
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'] as const;
const start = new Date('2026-03-25T10:00:30Z');
/** With `all`, an absence makes a backup for each slot: a shorter one is as good. */
const longestWithAll = 6 * 3600;

const seconds = fc.oneof(
  fc.integer({ min: 1, max: 900 }),
  fc.constantFrom(3600, 20_000, 86_400, 7 * 86_400, 40 * 86_400),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('wait' as const), seconds }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('tick' as const), sides: fc.constantFrom(1, 2) }) },
  fc.record({
    type: fc.constant('retime' as const),
    cron: fc.constantFrom(...crons),
    timezone: fc.constantFrom(...zones),
  }),
  fc.record({
    type: fc.constant('policy' as const),
    catchUp: fc.constantFrom(...catchUpPolicies),
    overlap: fc.constantFrom(...overlapPolicies),
    graceSeconds: fc.constantFrom(0, 60, 7200),
  }),
  fc.record({ type: fc.constant('switch' as const), enabled: fc.boolean() }),
  fc.record({ type: fc.constant('finish' as const) }),
);

/** What was promised so far, and what the rows say of it. */
class Account {
  readonly #clock: TestClock;
  schedule: Schedule;
  /** The moment up to which `promised` counts. */
  #counted: Date;
  promised = 0;

  constructor(clock: TestClock, schedule: Schedule) {
    this.#clock = clock;
    this.schedule = schedule;
    this.#counted = clock.now;
  }

  /** Counts what came due since the last look, by the times that were in force. */
  count(): void {
    if (this.schedule.enabled) this.promised += this.#times(this.#counted, this.#clock.now);
    this.#counted = this.#clock.now;
  }

  #times(from: Date, to: Date): number {
    const moved = (moment: Date): Date => new Date(moment.getTime() - jitterMs(this.schedule));
    return new CronTimes(this.schedule).count(moved(from), moved(to));
  }

  check({ past, planned }: { past: Slot[]; planned: Slot[] }, ahead: number): void {
    const { now } = this.#clock;
    const jitter = jitterMs(this.schedule);
    const due = planned.filter(({ runAt }) => runAt <= now);
    const toCome = planned.filter(({ runAt }) => runAt > now);
    const accounted = [...past, ...due].reduce((sum, { covers }) => sum + covers, 0);
    const newest = [...past, ...due].reduce((latest, { scheduledFor }) => Math.max(latest, Number(scheduledFor)), 0);
    const horizon = new Date(Math.max(newest, Number(toCome.at(-1)?.scheduledFor ?? 0)));
    // What nobody was there to plan yet is known by its times alone.
    const unplanned = this.schedule.enabled
      ? new CronTimes(this.schedule).count(horizon, new Date(now.getTime() - jitter))
      : 0;
    expect(accounted + unplanned, 'every time that came due is accounted for once').to.equal(this.promised);
    if (!this.schedule.enabled) expect(planned, 'nothing is planned while it is off').to.deep.equal([]);
    if (!this.schedule.enabled || unplanned > 0 || due.length > 0) return;
    const times = new CronTimes(this.schedule);
    let next = times.next(new Date(now.getTime() - jitter));
    for (const slot of toCome) {
      expect(slot.scheduledFor, 'the slots to come are the next times').to.deep.equal(next);
      expect(slot.runAt.getTime()).to.equal(slot.scheduledFor.getTime() + jitter);
      next = times.next(slot.scheduledFor);
    }
    expect(toCome.length).to.equal(ahead);
  }
}

describe('the slots of a schedule', function suite() {
  this.timeout(120_000);
  let world: World;
  let clock: TestClock;
  let sides: Persistence[];
  before(async () => {
    world = await openWorld();
    clock = await useClock(world, start);
    sides = [clock.persistence, await world.another()];
  });
  after(() => world.drop());

  const tick = async (count: number): Promise<TakenSlot[]> => {
    const taken: TakenSlot[] = [];
    for (let more = true; more;) {
      const turns = await Promise.all(sides.slice(0, count).map(({ schedules }) => schedules.takeDue(10, 3)));
      taken.push(...turns.flat());
      // A turn makes so many backups at most.
      more = turns.flat().filter(({ covers }) => covers === 1).length >= runsPerTurn;
    }
    return taken;
  };

  /** What was taken at once ended as the policies say. */
  const checkTaken = ({ catchUp, overlap, graceSeconds, ...schedule }: Schedule, taken: TakenSlot[]): void => {
    const inTime = clock.now.getTime() - graceSeconds * 1000;
    const isLate = ({ scheduledFor }: TakenSlot) => scheduledFor.getTime() + jitterMs(schedule) < inTime;
    const answered = taken.filter(({ status, reason }) => status === 'running' || reason === 'overlap');
    if (overlap === 'queue') expect(taken.filter(({ reason }) => reason === 'overlap')).to.deep.equal([]);
    for (const slot of taken.filter((one) => !isLate(one))) expect(answered).to.include(slot);
    if (catchUp === 'skip') for (const slot of taken.filter(isLate)) expect(slot.status).to.equal('missed');
    if (catchUp === 'all') expect(answered).to.deep.equal(taken);
    if (catchUp === 'once' && taken.length > 0) {
      expect(taken.filter(({ status }) => status === 'missed')).to.deep.equal([]);
      const newest = taken.toSorted((a, b) => Number(b.scheduledFor) - Number(a.scheduledFor))[0];
      expect(answered, 'the newest answers').to.include(newest);
    }
  };

  it('account for every time exactly once, whatever happens in whatever order', async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...crons),
      fc.constantFrom(0, 600),
      fc.array(step, { minLength: 3, maxLength: 14 }),
      async (cron, jitterSeconds, steps) => {
        const { id: databaseId } = await world.newDatabase();
        const { schedules, backups } = clock.persistence;
        const wanted = { ...newSchedule(databaseId), cron, jitterSeconds };
        const created = await schedules.create(world.account.id, wanted);
        if (!created) throw new Error('The test schedule was not created.');
        const account = new Account(clock, created);
        const change = async (to: Partial<Schedule>): Promise<void> => {
          account.count();
          const changed = await schedules.update(world.account.id, created.id, to);
          if (!changed) throw new Error('The test schedule is gone.');
          account.schedule = changed;
        };
        for (const given of steps) {
          if (given.type === 'wait') {
            const most = account.schedule.catchUp === 'all' ? longestWithAll : Infinity;
            await clock.set(new Date(clock.now.getTime() + Math.min(given.seconds, most) * 1000));
            account.count();
          } else if (given.type === 'tick') {
            checkTaken(account.schedule, await tick(given.sides));
          } else if (given.type === 'finish') {
            for (const { id } of await backups.listOfDatabase(databaseId)) await backups.requestCancel(id);
          } else {
            const { type: _, ...to } = given;
            await change(to);
          }
          account.check(await schedules.slots(created.id, { limit: 100_000, before: null }), 10);
        }
        await tick(1);
        await change({ enabled: false });
        for (const { id } of await backups.listOfDatabase(databaseId)) await backups.requestCancel(id);
        const { past, planned } = await schedules.slots(created.id, { limit: 100_000, before: null });
        account.check({ past, planned }, 10);
        expect(past.filter(({ endedAt }) => endedAt === null)).to.deep.equal([]);
        const made = past.flatMap(({ backupId }) => backupId ?? []);
        expect(made).to.have.members((await backups.listOfDatabase(databaseId)).map(({ id }) => id));
      },
    );
    await fc.assert(property, { numRuns: 15 });
  });
});
