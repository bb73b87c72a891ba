import type {
  Backup,
  BackupAttempt,
  BackupFile,
  BackupMethod,
  BackupPart,
  Damage,
  DamageFinder,
  Deletion,
  PublicError,
} from '@holdfast/shared/domain';
import type { WorkRepository } from './work.ts';

export interface NewBackup {
  /** Known beforehand where a repeated request must find what the first one made. */
  id?: string | undefined;
  databaseId: string;
  /** Null: the database's own destination. */
  destinationId: number | null;
  method: BackupMethod;
  requestId: string | null;
  maxFailures: number;
}

export interface BackupResult {
  files: BackupFile[];
  manifestKey: string;
  /** Of the manifest's whole text. */
  manifestSha256?: string;
  /** What the backup does not hold; absent when there is nothing to say. */
  warnings?: readonly string[];
  /** The part of the database that it is of; absent or null where it is of the whole. */
  part?: BackupPart | null;
  /** Absent when the files are not encrypted. */
  recipients?: readonly string[] | null;
  /** Absent when the store does not lock them. */
  objectLockedUntil?: Date | null;
}

/** `requested`, or why a backup is not deleted now. */
export type DeletionAnswer =
  'requested' | 'running' | 'locked' | 'being_restored' | 'being_verified' | 'object_locked' | 'last_good';

/** How somebody asks for a deletion. */
export interface DeletionRequest {
  requestId?: string | undefined;
  /** How long it can be taken back. */
  graceSeconds: number;
  /** Refuses to delete the only backup that its database could be restored from. */
  keepLastGood?: boolean;
}

export interface BackupRepository extends WorkRepository<Backup> {
  /** Inserts the row `scheduled`, or finds the one of that id. @returns null when the database is unknown */
  create(backup: NewBackup): Promise<Backup | null>;
  /** Newest first. @param page only so many, older than the backup `before`; all when absent */
  listOfDatabase(databaseId: string, page?: { limit: number; before: string | null }): Promise<Backup[]>;
  findOwned(accountId: number, id: string): Promise<Backup | null>;
  files(backupId: string): Promise<BackupFile[]>;
  filesOf(backupIds: readonly string[]): Promise<BackupFile[]>;
  /** Makes the backup visible as `done` with its files, in one transaction. @returns false when the attempt is stale */
  settle(id: string, attempt: number, result: BackupResult): Promise<boolean>;
  /**
   * Keeps the objects of a failed backup of a remote server from the sweep for a while.
   * @returns the backup, or null when it has not failed, has no attempt, or its objects are being removed
   */
  reserveRevival(id: string): Promise<Backup | null>;
  /** Makes a failed backup of a remote server `done` after all. @returns false when that cannot be any more */
  revive(id: string, attempt: number, result: BackupResult): Promise<boolean>;
  /** @returns null when it is unknown */
  setLocked(accountId: number, id: string, locked: boolean): Promise<Backup | null>;
  /**
   * Marks a backup for deletion: it is hidden at once, and its objects are removed when the grace is over. One that waits is
   * cancelled.
   * @returns what stands in the way, or null when it is unknown
   */
  requestDeletion(accountId: number, id: string, request: DeletionRequest): Promise<DeletionAnswer | null>;
  /**
   * Takes a deletion back; one that nobody deletes stays as it is. What a policy had marked is locked, or it would be marked again.
   * @returns the backup; `too_late` when the removal of its objects has begun; null when it is unknown
   */
  undelete(accountId: number, databaseId: string, id: string): Promise<Backup | 'too_late' | null>;
  /** The deletions of a database's backups, up to `limit`: first those that have not ended, then the newest ones. */
  deletionsOf(databaseId: string, limit: number): Promise<Deletion[]>;
  /**
   * Takes up to `limit` backups whose objects are to be removed now, each with the request that asked for it; marks them as
   * rung like `takeDue`. After each failure of the removal it waits twice as long, up to 6 h.
   */
  takeDeletable(limit: number, ringAgainSeconds: number): Promise<Pick<Backup, 'id' | 'requestId'>[]>;
  /**
   * Called before the first object is touched: from then on the deletion cannot be taken back.
   * @returns `spared` when a policy marked it and its database has no other good backup now: the deletion is then taken back; null when its objects are not to be removed now
   */
  beginRemoval(id: string): Promise<'begun' | 'spared' | null>;
  /** A backup whose objects are still to be removed, with the folders of all its attempts. */
  findDeletable(id: string): Promise<{ backup: Backup; attempts: BackupAttempt[] } | null>;
  /** Records why the objects could not be removed; it is tried again. */
  deletionFailed(id: string, error: PublicError): Promise<void>;
  /** Puts a removal off until the store allows it: that is no failure. */
  postponeRemoval(id: string, until: Date): Promise<void>;
  /** Records that no object is left of one whose removal had begun. The last backup of a destination that is being removed takes the destination along. */
  markDeleted(id: string): Promise<void>;
  /**
   * Records that a look found a stored object missing or different: nothing is proven of the backup any more. Not of one whose
   * removal has begun, and not in place of what a verification found.
   * @param by `verification` where its bytes were read in full; a look otherwise
   */
  markDamaged(id: string, damage: Damage, by?: DamageFinder): Promise<void>;
  /** Records that a look found all its objects as they were, unless a verification found damage: they are stored, and no more is proven. */
  clearDamage(id: string): Promise<void>;
  /**
   * Ended attempts that did not settle and may have left objects; due `delaySeconds` after their end. Marks them as rung like
   * `takeDue`.
   */
  takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<BackupAttempt[]>;
  findAttempt(backupId: string, attempt: number): Promise<BackupAttempt | null>;
  markSwept(backupId: string, attempt: number): Promise<void>;
  /** Puts the sweep of an attempt off until the store allows it. */
  postponeSweep(backupId: string, attempt: number, until: Date): Promise<void>;
}
