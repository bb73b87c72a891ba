import type { Damage } from './backup.ts';
import type { WorkAttempt, WorkState } from './work.ts';

/**
 * What was proven of a backup, each level including those before it: `stored`, its objects are there with the right sizes
 * and digests; `readable`, they decode to the end, down to the engine's own client; `restorable`, it was restored into a
 * scratch database with errors stopping it; `identical`, what was restored equals the source's content manifest.
 */
export const verificationLevels = ['stored', 'readable', 'restorable', 'identical'] as const;
export type VerificationLevel = (typeof verificationLevels)[number];

/** Whether one level includes another; null, nothing proven, includes none. */
export function reaches(level: VerificationLevel | null, wanted: VerificationLevel): boolean {
  return level !== null && verificationLevels.indexOf(level) >= verificationLevels.indexOf(wanted);
}

/** What is known of a backup: what was proven of it, and whether something speaks against it. */
export interface Proof {
  level: VerificationLevel | null;
  isDamaged: boolean;
}

/**
 * What is known of a backup after a verdict on it. Only what speaks against the backup lowers what was proven before: a key
 * or a scratch server that was not there proves nothing. Damage is over when more was proven than while it was found, and
 * at least that all of it can be read: what restores to something else may be as readable as ever.
 * @param verdict what it reached, and whether it found damage
 */
export function proofAfter(before: Proof, verdict: Proof): Proof {
  if (verdict.isDamaged) return verdict;
  const isMore = verdict.level !== null && (before.level === null || !reaches(before.level, verdict.level));
  if (before.isDamaged && !(isMore && reaches(verdict.level, 'readable'))) return before;
  return { level: isMore ? verdict.level : before.level, isDamaged: false };
}

/** How the backups of a schedule are verified. */
export interface VerificationPolicy {
  level: VerificationLevel;
  /** 1: each backup; N: one of every N; `weekly`: the newest one of every seven days. */
  every: number | 'weekly';
  /** The registered database on whose server scratch databases are made; null: the server of the backup's own. */
  scratchDatabaseId: string | null;
}

const scratchPrefix = 'holdfast_verify_';
const scratchPattern = new RegExp(`^${scratchPrefix}[0-9a-f]{12}$`);

/** The scratch database of a verification. The tail of a UUID of version 7 is random. */
export const scratchDatabaseName = (verificationId: string): string =>
  scratchPrefix + verificationId.replaceAll('-', '').slice(-12);

/** Whether a name is that of a scratch database, which comes and goes. */
export const isScratchDatabase = (name: string): boolean => scratchPattern.test(name);

export const verificationCauses = ['policy', 'manual', 'recheck'] as const;
/** Why a verification is done: a schedule's policy, somebody's request, or the periodic look at what is kept. */
export type VerificationCause = (typeof verificationCauses)[number];

/** One thing that speaks against a backup, or that kept it from a higher level; for people. */
export interface Finding {
  code: string;
  message: string;
}

/** What a verification came to. */
export interface Verdict {
  /** Null where not even `stored` was proven. */
  reached: VerificationLevel | null;
  /** Why it is less than was asked for; empty when it is not. */
  findings: readonly Finding[];
  /** Set when the backup itself is not good any more; null when it is, as far as was looked. */
  damage: Damage | null;
}

/**
 * One verification of one backup, a unit of work. `done` means that it came to a verdict, `error` that it could not be
 * carried out.
 */
export interface Verification extends WorkState {
  id: string;
  accountId: number;
  backupId: string;
  /** The registered database on whose server the scratch database is made. */
  databaseId: string;
  cause: VerificationCause;
  /** What is to be proven. */
  level: VerificationLevel;
  /** What was proven; null where not even `stored` was, and until done. */
  reached: VerificationLevel | null;
  /** Why it is less than was asked for; empty when it is not, and until done. */
  findings: Finding[];
  requestId: string | null;
  createdAt: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  /** Plain bytes read so far. */
  progressBytes: number;
  estimatedBytes: number | null;
}

export interface VerificationAttempt extends WorkAttempt {
  verificationId: string;
  /** When it was sure that the attempt has left nothing on its server. */
  sweptAt: Date | null;
}
