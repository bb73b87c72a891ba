import type { EntityManager } from 'typeorm';
import { CronTimes, type Schedule } from '@holdfast/shared/domain';
import { dropSlots, newestTime, plannedSlots, planSlots, unplanSlots } from './slots.ts';
import { jitterMs, latestInTime, type PlannedSlot } from './ticks.ts';

/** What decides when a schedule comes due, and how much of an absence gets rows of its own. */
export type Timing = Pick<
  Schedule,
  'id' | 'cron' | 'timezone' | 'enabled' | 'jitterSeconds' | 'graceSeconds' | 'catchUp'
>;

/**
 * After a long absence so many of the times that are late have a slot each; older ones share one. With `all`, each of them
 * makes a backup.
 */
const lateSlots = (catchUp: Schedule['catchUp']): number => (catchUp === 'all' ? 1000 : 100);

const after = (time: Date, ms: number): Date => new Date(time.getTime() + ms);
const later = (a: Date, b: Date): Date => (a > b ? a : b);

/**
 * Plans the times that came due beyond the last planned slot, which is where nobody was there to plan them.
 * @param atMost how many of those that are on time yet; the next call goes on
 */
export async function planDue(manager: EntityManager, schedule: Timing, now: Date, atMost = Infinity): Promise<void> {
  const times = new CronTimes(schedule);
  const jitter = jitterMs(schedule);
  const newest = await newestTime(manager, schedule.id);
  const due = after(now, -jitter);
  if (!newest || !isDue(times.next(newest), due)) return;
  const late = after(latestInTime(schedule, now), -jitter - 1);
  const count = times.count(newest, late);
  const most = lateSlots(schedule.catchUp);
  const found = times.newest(most + 1, newest, late);
  const planned: PlannedSlot[] = found.map((scheduledFor, index) => ({
    scheduledFor,
    runAt: after(scheduledFor, jitter),
    covers: index === 0 ? Math.max(1, count - most) : 1,
  }));
  let next = times.next(found.at(-1) ?? newest);
  for (let more = 0; more < atMost && isDue(next, due); more += 1) {
    planned.push({ scheduledFor: next, runAt: after(next, jitter), covers: 1 });
    next = times.next(next);
  }
  await planSlots(manager, schedule.id, planned);
}

const isDue = (time: Date | null, due: Date): time is Date => time !== null && time <= due;

/** Sees to it that the next `ahead` runs of an enabled schedule are planned. */
export async function planAhead(manager: EntityManager, schedule: Timing, now: Date, ahead: number): Promise<void> {
  const jitter = jitterMs(schedule);
  const planned = await plannedSlots(manager, schedule.id);
  const missing = ahead - planned.filter(({ runAt }) => runAt > now).length;
  const from = (await newestTime(manager, schedule.id)) ?? after(now, -jitter);
  await planSlots(manager, schedule.id, following(schedule, from, missing));
}

function following(schedule: Timing, from: Date, count: number): PlannedSlot[] {
  const times = new CronTimes(schedule);
  const jitter = jitterMs(schedule);
  const found: PlannedSlot[] = [];
  for (let time = times.next(from); time && found.length < count; time = times.next(time)) {
    found.push({ scheduledFor: time, runAt: after(time, jitter), covers: 1 });
  }
  return found;
}

/**
 * Brings the slots in line with a schedule that was changed, or made. What has ended and what is due stays as it is, under
 * the times it had; of those to come, the ones that are wanted still keep their rows.
 * @param old null when it was just made
 */
export async function replan(
  manager: EntityManager,
  old: Timing | null,
  changed: Timing,
  { now, ahead }: { now: Date; ahead: number },
): Promise<void> {
  const { id } = changed;
  if (old?.enabled) await planDue(manager, old, now);
  const planned = await plannedSlots(manager, id);
  const due = planned.filter(({ runAt }) => runAt <= now);
  const toCome = planned.filter(({ runAt }) => runAt > now);
  if (!changed.enabled) {
    await dropSlots(manager, id, due, 'disabled');
    await unplanSlots(manager, id, toCome);
    return;
  }
  const jitter = jitterMs(changed);
  // A time that has passed is run at once when it would have been run already with the new jitter.
  const inTime = (slots: readonly PlannedSlot[]): PlannedSlot[] =>
    slots.map((slot) => ({ ...slot, runAt: later(after(slot.scheduledFor, jitter), now) }));
  if (old?.enabled && old.cron === changed.cron && old.timezone === changed.timezone) {
    await planSlots(manager, id, inTime(toCome));
  } else {
    const times = new CronTimes(changed);
    const decided = (await newestTime(manager, id, now)) ?? new Date(0);
    const from = later(after(now, -jitter), decided);
    const passed = toCome.filter(({ scheduledFor }) => scheduledFor <= from && times.has(scheduledFor));
    const wanted = [...passed, ...following(changed, from, ahead - passed.length)];
    const kept = new Set(wanted.map(({ scheduledFor }) => scheduledFor.getTime()));
    await unplanSlots(
      manager,
      id,
      toCome.filter(({ scheduledFor }) => !kept.has(scheduledFor.getTime())),
    );
    await planSlots(manager, id, inTime(wanted));
  }
  await planAhead(manager, changed, now, ahead);
}
