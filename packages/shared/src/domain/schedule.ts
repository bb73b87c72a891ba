import { CronTimes } from './cron-times.ts';
import type { VerificationPolicy } from './verification.ts';

export const catchUpPolicies = ['skip', 'once', 'all'] as const;
/** What to do with ticks that passed while nobody was there: drop them, make one backup for all, or one for each. */
export type CatchUpPolicy = (typeof catchUpPolicies)[number];

export const overlapPolicies = ['queue', 'skip'] as const;
/** What to do with a tick while a backup of the same database waits or runs. */
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** What to keep of a schedule's backups. A missing field means no rule of that kind; without any, everything is kept. */
export interface RetentionPolicy {
  /** The newest good ones. */
  keepLast?: number | undefined;
  /** Days, counted back from the newest good one. */
  keepDays?: number | undefined;
  /** The newest good one of each of that many hours, days, weeks, months and years, in the schedule's zone. */
  hourly?: number | undefined;
  daily?: number | undefined;
  weekly?: number | undefined;
  monthly?: number | undefined;
  yearly?: number | undefined;
  /** Good ones that stay whatever the rules say; 1 when absent. */
  minimum?: number | undefined;
}

export interface Schedule {
  id: string;
  accountId: number;
  databaseId: string;
  /** The policy of a whole server whose runs take the place of slots of its own; null: it comes due by itself. */
  policyId: string | null;
  /** Null: the database's own destination. */
  destinationId: number | null;
  /** Five fields, or six with seconds in front. */
  cron: string;
  /** IANA name. */
  timezone: string;
  retention: RetentionPolicy;
  /** Null: its backups are verified only by hand and by the periodic look. */
  verification: VerificationPolicy | null;
  enabled: boolean;
  catchUp: CatchUpPolicy;
  overlap: OverlapPolicy;
  /** Seconds after which a slot that nobody took was missed, and the catch-up policy decides. */
  graceSeconds: number;
  /** Ticks are delayed by a fixed share of this many seconds, derived from the schedule's id. */
  jitterSeconds: number;
  /** The one schedule of a database that `periodic_backups_*` shows and edits. */
  isPeriodicSetting: boolean;
  /** Where its pings go, without what of the URL is secret; null: nowhere. */
  ping: string | null;
  nextRunAt: Date | null;
  lastRunAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * Checks a cron expression and a time zone.
 * @returns what is wrong, in a sentence, or null
 */
export function cronProblem(cron: string, timezone: string): { field: 'cron' | 'timezone'; message: string } | null {
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    return { field: 'timezone', message: `"${timezone}" is not an IANA time zone, such as Europe/Paris.` };
  }
  // The library would take a year as a seventh field: a schedule that ends, or never begins, without a word.
  if (cron.trim().split(/\s+/).length > 6) {
    return { field: 'cron', message: 'A cron expression has five fields, or six with seconds in front.' };
  }
  try {
    const first = new CronTimes({ cron, timezone }).next(new Date(0));
    return first ? null : { field: 'cron', message: 'The cron expression never comes due.' };
  } catch (error) {
    return { field: 'cron', message: `The cron expression is not valid: ${(error as Error).message}` };
  }
}

/** The first tick strictly after `after`, or null when there is none; `CronTimes` is for more than one. */
export function nextTick(schedule: Pick<Schedule, 'cron' | 'timezone'>, after: Date): Date | null {
  return new CronTimes(schedule).next(after);
}

export const cadences = ['hourly', 'daily', 'weekly', 'monthly'] as const;
/** How often a schedule comes due, by the longest of these periods that its ticks keep: twice a day is `hourly`. */
export type Cadence = (typeof cadences)[number];

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Clocks that change make a day, a week or a month shorter by this at most. */
const clockChangeMs = 2 * hourMs;
const gapsLookedAt = 4;

/** The word for the shortest of the gaps between some ticks that follow `tick`. */
export function cadence(schedule: Pick<Schedule, 'cron' | 'timezone'>, tick: Date): Cadence {
  const times = new CronTimes(schedule);
  let shortest = Infinity;
  let last = times.next(tick);
  for (let gaps = 0; gaps < gapsLookedAt && last; gaps += 1) {
    const next = times.next(last);
    if (next) shortest = Math.min(shortest, next.getTime() - last.getTime());
    last = next;
  }
  const gap = shortest + clockChangeMs;
  if (gap < dayMs) return 'hourly';
  if (gap < 7 * dayMs) return 'daily';
  return gap < 28 * dayMs ? 'weekly' : 'monthly';
}

/** The cron expression behind `periodic_backups_scheduled_at`: on the hour, at each of the given hours (0–23, UTC). */
export function cronForHours(hours: readonly number[]): string {
  const sorted = [...new Set(hours)].sort((a, b) => a - b);
  return `0 ${sorted.join(',')} * * *`;
}

/** The hours of such an expression; empty when the schedule was changed to something else. */
export function hoursOfCron(cron: string): number[] {
  const match = /^0 ([\d,]+) \* \* \*$/.exec(cron);
  return match?.[1] ? match[1].split(',').map(Number) : [];
}
