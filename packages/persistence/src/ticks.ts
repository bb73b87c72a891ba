import { createHash } from 'node:crypto';
import { nextTick, type Schedule } from '@holdfast/shared/domain';

/** A tick that is taken within this time after it was due is on time; a later one was missed. */
export const graceMs = 60_000;

/** One turn answers no more ticks of one schedule than these; the next turn goes on. */
export const ticksPerTurn = 100;

/** The schedule's fixed share of its jitter, so that many schedules of one hour do not all begin at once. */
export function jitterMs(schedule: Pick<Schedule, 'id' | 'jitterSeconds'>): number {
  const share = createHash('sha256').update(schedule.id).digest().readUInt32BE(0);
  return (share % (schedule.jitterSeconds + 1)) * 1000;
}

export interface DueTicks {
  /** To be answered by a backup each, oldest first. */
  run: Date[];
  /** The newest tick that the catch-up policy drops, if any. */
  dropped: Date | null;
  /** The first tick that is left for a later turn; null when the schedule never comes due again. */
  next: Date | null;
}

/**
 * Sorts what came due by the catch-up policy. A tick is due at its time plus the schedule's jitter; it is *on time* until a
 * minute after that, and *missed* then. Ticks on time have a backup each, under every policy. Missed ones:
 * - `skip`: none;
 * - `once`: one for all, answering the newest of them; none where a tick on time makes a backup anyway;
 * - `all`: one each.
 * @param first the oldest tick that is not answered yet
 */
export function dueTicks(
  schedule: Pick<Schedule, 'id' | 'cron' | 'timezone' | 'catchUp' | 'jitterSeconds'>,
  first: Date,
  now: Date,
): DueTicks {
  const jitter = jitterMs(schedule);
  const due = new Date(now.getTime() - jitter);
  if (first > due) return { run: [], dropped: null, next: first };
  const missed = schedule.catchUp === 'all' ? null : newestTick(schedule, first, new Date(due.getTime() - graceMs - 1));
  const run: Date[] = [];
  let next: Date | null = missed ? nextTick(schedule, missed) : first;
  while (next && next <= due && run.length < ticksPerTurn) {
    run.push(next);
    next = nextTick(schedule, next);
  }
  if (!missed) return { run, dropped: null, next };
  if (schedule.catchUp === 'once' && run.length === 0) return { run: [missed], dropped: null, next };
  return { run, dropped: missed, next };
}

/** The newest tick from `first` to `until`, or null; by halving, as years of seconds may lie between. */
function newestTick(schedule: Pick<Schedule, 'cron' | 'timezone'>, first: Date, until: Date): Date | null {
  if (first > until) return null;
  let newest = first.getTime();
  let end = until.getTime();
  while (newest < end) {
    const middle = Math.floor((newest + end) / 2);
    const tick = nextTick(schedule, new Date(middle))?.getTime();
    if (tick !== undefined && tick <= until.getTime()) newest = tick;
    else end = middle;
  }
  return new Date(newest);
}
