import { calendarPeriods, localTime, periodKey, periodName } from './calendar.ts';
import { hasRules, requireRetention } from './retention-policy.ts';
import {
  failureDays,
  fixedReasons,
  unreplaced,
  untouchable,
  whyDeleted,
  type DeleteReason,
  type KeepReason,
} from './retention-reasons.ts';
import type { RetentionPolicy, Schedule } from './schedule.ts';
import type { WorkStatus } from './work.ts';

/** What retention has to know of a backup. */
export interface RetainableBackup {
  id: string;
  /** When the dump that counts began, or is hoped to: the moment whose content it holds. */
  at: Date;
  status: WorkStatus;
  damaged: boolean;
  /** What its schedule's policy asks for is proven of it; without a policy, that it can be read. */
  verified: boolean;
  /** A verification came to less than the policy asks for. */
  wanting: boolean;
  locked: boolean;
  /** Until then the store itself keeps its objects; null where it does not. */
  objectLockedUntil: Date | null;
  /** It is being restored or verified. */
  inUse: boolean;
  /** Its deletion was asked for. */
  marked: boolean;
}

export interface RetentionTerms {
  policy: RetentionPolicy;
  /** IANA name of the zone whose calendar counts. */
  timezone: string;
  /** Whether only verified backups are good ones. */
  verification: boolean;
}

/** The terms of a schedule. Where its policy verifies each backup, one that was not verified is not good yet. */
export const retentionTerms = ({
  retention: policy,
  timezone,
  verification,
}: Pick<Schedule, 'retention' | 'timezone' | 'verification'>): RetentionTerms => ({
  policy,
  timezone,
  verification: verification?.every === 1,
});

export type RetentionDecision = {
  id: string;
  /** Not before then its age ends what alone keeps it; null where something else decides. */
  expiresAt: Date | null;
} & (
  | { action: 'keep'; reasons: readonly [KeepReason, ...KeepReason[]] }
  | { action: 'delete'; reasons: readonly [DeleteReason] }
);

const dayMs = 24 * 3_600_000;

/**
 * Decides about each backup of one schedule, newest first. Good is what is `done`, whole, not on its way out, not found
 * wanting and, where verification is on, verified. Rules keep good ones alone and add up: what any of them keeps stays. Windows and ages count
 * from the newest good backup and never from now, so that no archive is emptied while nothing new comes. Failed ones hold
 * nothing: their records go by age alone, counted from the newest backup that ended.
 * @param catalogue the schedule's backups, in any order
 * @throws HoldfastError configuration, when the policy is not valid; RangeError, when the zone is none
 */
export function planRetention(
  terms: RetentionTerms,
  catalogue: readonly RetainableBackup[],
  now: Date,
): RetentionDecision[] {
  const { policy, verification } = terms;
  requireRetention(policy);
  const minimum = policy.minimum ?? 1;
  const newestFirst = catalogue.toSorted(byAge);
  const isGood = ({ status, damaged, verified, wanting, marked }: RetainableBackup): boolean =>
    status === 'done' && !damaged && !wanting && !marked && (verified || !verification);
  const good = newestFirst.filter(isGood);
  const [newest] = good;
  const newestVerified = good.find(({ verified }) => verified);
  const kept = reasonsOfRules(terms, good);
  const newestEnd = newestFirst.find(({ status }) => status === 'done' || status === 'error')?.at.getTime() ?? 0;
  const common: KeepReason[] = [];
  if (!hasRules(policy)) common.push(fixedReasons.no_rule);
  if (newest && newest.at > now) common.push(fixedReasons.clock);

  let newerGood = 0;
  return newestFirst.map((backup) => {
    const { id, at, status, marked } = backup;
    const reasons = [...common, ...untouchable(backup, now), ...(kept.get(id) ?? [])];
    if (backup === newest) reasons.push(fixedReasons.newest_good);
    if (backup === newestVerified) reasons.push(fixedReasons.newest_verified);
    const isFlawed = status === 'done' && !marked && !isGood(backup);
    if (isFlawed && newerGood < minimum) reasons.push(unreplaced(backup, minimum));
    const isRecent = at.getTime() >= newestEnd - failureDays * dayMs;
    if (status === 'error' && isRecent) reasons.push(fixedReasons.recent_failure);
    if (isGood(backup)) newerGood += 1;
    const [first, ...others] = reasons;
    return first
      ? { id, action: 'keep', reasons: [first, ...others], expiresAt: expiry(backup, reasons, policy) }
      : { id, action: 'delete', reasons: [whyDeleted(backup, isGood(backup), policy)], expiresAt: null };
  });
}

/** Newest first. Ids sort by the time of their creation too, and make the order one for all. */
function byAge(a: RetainableBackup, b: RetainableBackup): number {
  return b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1);
}

/** Why the rules and the floor keep each of the good backups, which come newest first. */
function reasonsOfRules({ policy, timezone }: RetentionTerms, good: readonly RetainableBackup[]) {
  const kept = new Map<string, KeepReason[]>();
  const keep = ({ id }: RetainableBackup, code: KeepReason['code'], message: string): void => {
    const reasons = kept.get(id);
    if (reasons) reasons.push({ code, message });
    else kept.set(id, [{ code, message }]);
  };
  const { minimum = 1, keepLast = 0, keepDays } = policy;
  for (const [index, backup] of good.slice(0, minimum).entries()) {
    keep(backup, 'minimum', `Good backup ${index + 1} of ${minimum} that stay whatever the rules say.`);
  }
  for (const [index, backup] of good.slice(0, keepLast).entries()) {
    keep(backup, 'keep_last', `Good backup ${index + 1} of the last ${keepLast}.`);
  }
  const [newest] = good;
  if (newest && keepDays !== undefined) {
    const from = newest.at.getTime() - keepDays * dayMs;
    for (const backup of good) {
      if (backup.at.getTime() < from) break;
      keep(backup, 'keep_days', `Not older than ${keepDays} days, counted back from the newest good backup.`);
    }
  }
  keepOfPeriods(policy, timezone, good, keep);
  return kept;
}

/** The newest of each of the last so many periods that have one. */
function keepOfPeriods(
  policy: RetentionPolicy,
  timezone: string,
  good: readonly RetainableBackup[],
  keep: (backup: RetainableBackup, code: KeepReason['code'], message: string) => void,
): void {
  let open = calendarPeriods.flatMap((period) => {
    const most = policy[period];
    return most === undefined ? [] : [{ period, most, seen: new Set<number>() }];
  });
  for (const backup of good) {
    if (open.length === 0) break;
    const time = localTime(timezone, backup.at);
    for (const { period, most, seen } of open) {
      const key = periodKey(period, time);
      if (seen.has(key)) continue;
      seen.add(key);
      const message = `The newest good backup of ${periodName(period, time)} (${timezone}), ${seen.size} of ${most}.`;
      keep(backup, period, message);
    }
    open = open.filter(({ most, seen }) => seen.size < most);
  }
}

/** When the last of what keeps a backup ends by time alone, where nothing else keeps it. */
function expiry(
  { at, objectLockedUntil }: RetainableBackup,
  reasons: readonly KeepReason[],
  { keepDays = 0 }: RetentionPolicy,
): Date | null {
  const codes = reasons.map(({ code }) => code);
  if (!codes.every((code) => code === 'keep_days' || code === 'object_lock')) return null;
  const byAge = codes.includes('keep_days') ? at.getTime() + keepDays * dayMs : 0;
  const byLock = codes.includes('object_lock') ? (objectLockedUntil?.getTime() ?? 0) : 0;
  return new Date(Math.max(byAge, byLock));
}
