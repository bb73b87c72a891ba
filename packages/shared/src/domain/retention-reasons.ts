import { calendarPeriods } from './calendar.ts';
import { describeRetention } from './retention-policy.ts';
import type { RetainableBackup } from './retention.ts';
import type { RetentionPolicy } from './schedule.ts';

/** Why a backup stays, and why one goes. */
export const retentionReasons = {
  keep: [
    'no_rule',
    'clock',
    'running',
    'locked',
    'object_lock',
    'in_use',
    'deletion_requested',
    'newest_good',
    'newest_verified',
    'minimum',
    'keep_last',
    'keep_days',
    ...calendarPeriods,
    'unreplaced',
    'recent_failure',
  ],
  delete: ['superseded', 'damaged', 'unverified', 'failed'],
} as const;

interface Reason<Code extends string> {
  code: Code;
  /** For people. */
  message: string;
}
export type KeepReason = Reason<(typeof retentionReasons.keep)[number]>;
export type DeleteReason = Reason<(typeof retentionReasons.delete)[number]>;

/** Records of failures stay for so many days. */
export const failureDays = 30;

/** The reasons whose sentence is always the same. */
export const fixedReasons = {
  no_rule: { code: 'no_rule', message: 'There is no rule: everything is kept.' },
  clock: {
    code: 'clock',
    message: 'The newest good backup is of a time yet to come, so a clock was wrong: nothing is removed until then.',
  },
  newest_good: { code: 'newest_good', message: 'It is the newest good backup.' },
  newest_verified: { code: 'newest_verified', message: 'It is the newest verified backup.' },
  recent_failure: {
    code: 'recent_failure',
    message: `It failed and holds nothing; its record stays for ${failureDays} days.`,
  },
} as const satisfies Record<string, KeepReason>;

/** Why a backup may not be touched, whatever the rules say. */
export function untouchable(
  { status, locked, objectLockedUntil, inUse, marked }: RetainableBackup,
  now: Date,
): KeepReason[] {
  const reasons: KeepReason[] = [];
  if (status === 'scheduled' || status === 'pending') reasons.push({ code: 'running', message: 'It waits or runs.' });
  if (locked) reasons.push({ code: 'locked', message: 'It is locked.' });
  if (objectLockedUntil && objectLockedUntil > now) {
    const message = `The store keeps its objects locked until ${objectLockedUntil.toISOString()}.`;
    reasons.push({ code: 'object_lock', message });
  }
  if (inUse) reasons.push({ code: 'in_use', message: 'It is being restored or verified.' });
  if (marked) reasons.push({ code: 'deletion_requested', message: 'Its deletion was asked for already.' });
  return reasons;
}

function flawOf({ damaged, wanting }: RetainableBackup): string {
  if (damaged) return 'It is damaged';
  return wanting ? 'Its verification came to less than its schedule asks for' : 'It is not verified';
}

/** Why a backup that is not good stays all the same. */
export function unreplaced(backup: RetainableBackup, minimum: number): KeepReason {
  const flaw = flawOf(backup);
  return { code: 'unreplaced', message: `${flaw}, and fewer than ${minimum} newer good backups could replace it.` };
}

/** Why a backup goes that nothing keeps. */
export function whyDeleted(backup: RetainableBackup, isGood: boolean, policy: RetentionPolicy): DeleteReason {
  if (isGood) return { code: 'superseded', message: `No rule keeps it: ${describeRetention(policy)}.` };
  if (backup.status === 'error') {
    return {
      code: 'failed',
      message: `It failed and holds nothing, and newer backups ended more than ${failureDays} days after it.`,
    };
  }
  const message = `${flawOf(backup)}, and newer good backups replace it.`;
  return { code: backup.damaged ? 'damaged' : 'unverified', message };
}
