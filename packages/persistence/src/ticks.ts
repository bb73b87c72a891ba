import { createHash } from 'node:crypto';
import type { Schedule, Slot } from '@holdfast/shared/domain';

/** The schedule's fixed share of its jitter, so that many schedules of one hour do not all begin at once. */
export function jitterMs(schedule: Pick<Schedule, 'id' | 'jitterSeconds'>): number {
  const share = createHash('sha256').update(schedule.id).digest().readUInt32BE(0);
  return (share % (schedule.jitterSeconds + 1)) * 1000;
}

export type PlannedSlot = Pick<Slot, 'scheduledFor' | 'runAt' | 'covers'>;

/** The newest run that is not on time any more at `now` had to begin before this. */
export const latestInTime = ({ graceSeconds }: Pick<Schedule, 'graceSeconds'>, now: Date): Date =>
  new Date(now.getTime() - graceSeconds * 1000);

/**
 * Sorts the slots that are due, oldest first, by the catch-up policy. One is *on time* until the grace after its `runAt` has
 * passed, and late then. Those on time are run under every policy; of the late ones:
 * - `skip`: none;
 * - `once`: the newest for all, where none on time is run anyway;
 * - `all`: each, but for those that share a row.
 */
export function decide<T extends PlannedSlot>(
  schedule: Pick<Schedule, 'catchUp' | 'graceSeconds'>,
  due: readonly T[],
  now: Date,
): { run: T[]; dropped: T[] } {
  const inTime = latestInTime(schedule, now);
  const onTime = due.filter(({ runAt }) => runAt >= inTime);
  const late = due.filter(({ runAt }) => runAt < inTime);
  const isRun = (slot: T, index: number): boolean => {
    if (slot.covers > 1 || schedule.catchUp === 'skip') return false;
    return schedule.catchUp === 'all' || (onTime.length === 0 && index === late.length - 1);
  };
  return { run: [...late.filter(isRun), ...onTime], dropped: late.filter((slot, index) => !isRun(slot, index)) };
}
