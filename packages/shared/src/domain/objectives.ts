import { CronTimes } from './cron-times.ts';
import type { Schedule } from './schedule.ts';
import { reaches, type VerificationLevel } from './verification.ts';

/** What somebody asks of the backups of a database. What is missing is derived. */
export interface Objectives {
  /** Seconds that the newest good backup may be old at most. */
  rpoSeconds?: number | undefined;
  /** What must be proven of a backup for it to count. */
  level?: VerificationLevel | undefined;
  /** Seconds that a restore may take at most. */
  rtoSeconds?: number | undefined;
}

export const objectiveSources = ['set', 'schedule', 'default'] as const;
/** Who says how old the newest backup may be: somebody, the schedules, or we where there is neither. */
export type ObjectiveSource = (typeof objectiveSources)[number];

/** What holds for a database. */
export interface ResolvedObjectives {
  rpoSeconds: number;
  level: VerificationLevel;
  /** Null: a restore may take as long as it likes. */
  rtoSeconds: number | null;
  source: ObjectiveSource;
}

/** What of a schedule decides how old a backup becomes before the next one. */
export type Rhythm = Pick<
  Schedule,
  'enabled' | 'cron' | 'timezone' | 'jitterSeconds' | 'graceSeconds' | 'verification'
>;

export const defaultRpoSeconds = 86_400;
/** What a backup and its verification get to be done in, at least. */
const leastGraceSeconds = 1800;
const clockChangeSeconds = 3600;

/**
 * What holds for a database: what was set, and for the rest what the schedule promises that leaves the shortest time without a
 * backup. That is its longest time between neighbouring slots, an hour for a change of the clocks where that is longer than
 * one, its jitter and its grace, and twice as long as a backup takes, though never less than half an hour.
 * @param facts how long a backup takes (null where nobody knows), and whether a remote server makes it
 * @throws Error when a schedule cannot be read
 */
export function resolveObjectives(
  set: Objectives | null,
  schedules: readonly Rhythm[],
  facts: { now: Date; backupSeconds: number | null; isRemote: boolean },
): ResolvedObjectives {
  const promises = schedules
    .filter(({ enabled }) => enabled)
    .map((schedule) => ({ schedule, seconds: promisedSeconds(schedule, facts.now) }))
    .filter(({ seconds }) => seconds < Infinity)
    .toSorted((a, b) => a.seconds - b.seconds);
  const shortest = promises[0];
  const grace = Math.max(leastGraceSeconds, Math.ceil(2 * (facts.backupSeconds ?? 0)));
  const derived = shortest ? shortest.seconds + grace : defaultRpoSeconds;
  return {
    rpoSeconds: set?.rpoSeconds ?? derived,
    level: set?.level ?? (shortest ? promisedLevel(shortest.schedule, facts.isRemote) : 'stored'),
    rtoSeconds: set?.rtoSeconds ?? null,
    source: set?.rpoSeconds === undefined ? (shortest ? 'schedule' : 'default') : 'set',
  };
}

/**
 * Only a policy that verifies each backup promises anything of the newest, and what a remote server made can at most be read by
 * our workers.
 */
function promisedLevel({ verification }: Rhythm, isRemote: boolean): VerificationLevel {
  if (verification?.every !== 1) return 'stored';
  return isRemote && reaches(verification.level, 'readable') ? 'readable' : verification.level;
}

function promisedSeconds({ cron, timezone, jitterSeconds, graceSeconds }: Rhythm, now: Date): number {
  const gap = gapSeconds(cron, timezone, now.getUTCFullYear());
  return gap + (gap > clockChangeSeconds ? clockChangeSeconds : 0) + jitterSeconds + graceSeconds;
}

const mostKnown = 5000;
/** Many databases share few rhythms, and everybody asks for them again and again. */
const knownGaps = new Map<string, number>();

function gapSeconds(cron: string, timezone: string, year: number): number {
  const key = `${year} ${timezone} ${cron}`;
  const known = knownGaps.get(key);
  if (known !== undefined) return known;
  const gap = new CronTimes({ cron, timezone }).longestGap(new Date(Date.UTC(year, 0)));
  const seconds = gap === null ? Infinity : gap / 1000;
  if (knownGaps.size >= mostKnown) knownGaps.clear();
  knownGaps.set(key, seconds);
  return seconds;
}
