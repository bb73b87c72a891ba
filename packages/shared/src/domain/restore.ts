import { isArchive, type BackupFile } from './backup.ts';
import type { ErrorCode } from './errors.ts';
import type { WorkAttempt, WorkState } from './work.ts';

/**
 * Where the content goes. `in_place` builds a new database beside the old one and swaps them by name at the end;
 * `new_database` creates one of that name on the same server and refuses to touch an existing one.
 */
export type ContentTarget = { mode: 'in_place' } | { mode: 'new_database'; database: string };

/** `undo` brings no content: it swaps the former one, which an earlier restore in place kept, back again. */
export type RestoreTarget = ContentTarget | { mode: 'undo'; restoreId: string };

/** What of a backup is restored, by the names in it. Only into a new database, as a part cannot replace a whole. */
export interface RestoreSelection {
  schemas: string[];
  /** `schema.table`, as written in SQL. */
  tables: string[];
}

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
  /** Backup files to restore; null for those that `isRestored` tells. */
  fileIds: string[] | null;
  /** What restores of one run of a policy have in common; null: it is restored alone. */
  groupId: string | null;
  /** The restore that has to end before this one begins, whatever it ends as. */
  afterRestoreId: string | null;
  /** Null for everything in them. */
  selection: RestoreSelection | null;
  /** Whether somebody insisted on it although the backup is damaged: what cannot be compared is then restored uncompared. */
  allowDamaged: boolean;
  /** How long a restore in place keeps the former content, so that it can be undone; 0: not at all. */
  keepHours: number;
  /** The database that holds the former content; null when there is none (any more). */
  former: string | null;
  /** When it is dropped. */
  formerUntil: Date | null;
  /** What was asked for; null: nothing was, and the restore runs where the target is reached. */
  compute: ComputeType | null;
  requestId: string | null;
  createdAt: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  /** Bytes of plain dump handed to the restore program so far. */
  progressBytes: number;
  estimatedBytes: number | null;
  /**
   * What the target holds now, as whoever restored it said; until done what is brought back already and stays (the server's
   * roles), or null. `outcomeOf` says it of failed ones too.
   */
  outcome: string | null;
}

export interface RestoreAttempt extends WorkAttempt {
  restoreId: string;
  /** When it was sure that the attempt has left nothing on its server. */
  sweptAt: Date | null;
}

/** What of a wish decides which files of the backup are restored. */
export interface FileWish {
  /** Null: nobody named files. */
  fileIds: readonly string[] | null;
  ownership: OwnershipMode;
  selection?: RestoreSelection | null;
}

/**
 * Whether a file of the backup is restored. The globals change a server that others use, too: where nobody named files they
 * come only with a whole that keeps its owners, who are among them.
 */
export function isRestored(
  file: Pick<BackupFile, 'id' | 'role'>,
  { fileIds, ownership, selection }: FileWish,
): boolean {
  if (!isArchive(file)) return false;
  if (fileIds) return fileIds.includes(file.id);
  return file.role !== 'globals' || (ownership === 'keep' && !selection);
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

/** Said where globals were restored and the content was not, or is not there any more. */
export const rolesStay = 'The roles of the server stay as they were restored.';

/** What the target of a restore holds now, in a sentence; null before the end. Never a half: that is what restores are made of. */
export function outcomeOf({ status, attempt, target, error, outcome }: Restore): string | null {
  if (status !== 'error') return status === 'done' ? outcome : null;
  const held = heldAfterFailure({ attempt, target, error });
  return outcome === null ? held : `${outcome} ${rolesStay} ${held}`;
}

function heldAfterFailure({ attempt, target, error }: Pick<Restore, 'attempt' | 'target' | 'error'>): string {
  const isKnown = attempt === 0 || (attempt === 1 && error !== null && !unheard.has(error.code));
  if (target.mode === 'undo') {
    return isKnown
      ? 'The target holds what it held before, unchanged.'
      : 'The target holds either what it held before or what is kept beside it, each as a whole.';
  }
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
  return target.mode === 'new_database' ? `${databaseId}/${target.database}` : databaseId;
}
