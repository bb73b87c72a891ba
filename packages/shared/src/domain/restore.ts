import type { ErrorCode } from './errors.ts';
import type { WorkAttempt, WorkState } from './work.ts';

/**
 * Where the content goes. `in_place` builds a new database beside the old one and swaps them by name at the end;
 * `new_database` creates one of that name on the same server and refuses to touch an existing one.
 */
export type RestoreTarget = { mode: 'in_place' } | { mode: 'new_database'; database: string };

export const ownershipModes = ['keep', 'skip'] as const;
/** `keep` restores owners and privileges (their roles must exist); `skip` gives everything to the connecting user. */
export type OwnershipMode = (typeof ownershipModes)[number];

export const computeTypes = ['server', 'ss_agent'] as const;
/** Where a restore runs: with our workers, or on a registered remote server. */
export type ComputeType = (typeof computeTypes)[number];

export interface Restore extends WorkState {
  id: string;
  accountId: number;
  backupId: string;
  /** The registered database whose server is restored to. */
  databaseId: string;
  target: RestoreTarget;
  ownership: OwnershipMode;
  /** Backup files to restore; null for all. */
  fileIds: string[] | null;
  /** What was asked for; null: nothing was, and the restore runs where the target is reached. */
  compute: ComputeType | null;
  requestId: string | null;
  createdAt: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  /** Bytes of plain dump handed to the restore program so far. */
  progressBytes: number;
  estimatedBytes: number | null;
  /** What the target holds now, as whoever restored it said; null until done. `outcomeOf` says it of failed ones too. */
  outcome: string | null;
}

export interface RestoreAttempt extends WorkAttempt {
  restoreId: string;
  /** When it was sure that the attempt has left nothing on its server. */
  sweptAt: Date | null;
}

/** After these nobody heard whether the last step, which puts the new content in place as a whole, had been taken. */
const unheard: ReadonlySet<ErrorCode> = new Set([
  'connection_lost',
  'server_silent',
  'host_unreachable',
  'timed_out',
  'lease_lost',
  'lease_expired',
  'abandoned',
  'remote_failed',
  'internal',
]);

/** What the target of a restore holds now, in a sentence; null before the end. Never a half: that is what restores are made of. */
export function outcomeOf({ status, attempt, target, error, outcome }: Restore): string | null {
  if (status !== 'error') return outcome;
  const isKnown = attempt === 0 || (attempt === 1 && error !== null && !unheard.has(error.code));
  if (target.mode === 'in_place') {
    return isKnown
      ? 'The target holds its old content, unchanged.'
      : 'The target holds either its old content, unchanged, or the whole content of the backup.';
  }
  return isKnown
    ? `No database "${target.database}" was made.`
    : `Either no database "${target.database}" was made, or it holds the whole content of the backup.`;
}

/** Identifies what a restore writes to: two restores with the same key never run at once. */
export function restoreTargetKey(databaseId: string, target: RestoreTarget): string {
  return target.mode === 'in_place' ? databaseId : `${databaseId}/${target.database}`;
}
