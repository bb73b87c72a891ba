import type { Backup, BackupAttempt, BackupFile, BackupMethod, PublicError } from '@holdfast/shared/domain';
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
}

/** `requested`, or why a backup is not deleted now. */
export type DeletionAnswer = 'requested' | 'running' | 'locked' | 'being_restored';

export interface BackupRepository extends WorkRepository<Backup> {
  /** Inserts the row `scheduled`, or finds the one of that id. @returns null when the database is unknown */
  create(backup: NewBackup): Promise<Backup | null>;
  /** Newest first. */
  listOfDatabase(databaseId: string): Promise<Backup[]>;
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
   * Hides a backup and has its objects removed; one that waits is cancelled.
   * @returns what stands in the way, or null when it is unknown
   */
  requestDeletion(accountId: number, id: string, requestId?: string): Promise<DeletionAnswer | null>;
  /**
   * Takes up to `limit` backups whose objects are to be removed, each with the request that asked for it; marks them as rung
   * like `takeDue`.
   */
  takeDeletable(limit: number, ringAgainSeconds: number): Promise<Pick<Backup, 'id' | 'requestId'>[]>;
  /** A backup whose objects are still to be removed, with the folders of all its attempts. */
  findDeletable(id: string): Promise<{ backup: Backup; attempts: BackupAttempt[] } | null>;
  /** Records why the objects could not be removed; it is tried again. */
  deletionFailed(id: string, error: PublicError): Promise<void>;
  /** Records that no object is left. The last backup of a destination that is being removed takes the destination along. */
  markDeleted(id: string): Promise<void>;
  /** Records that the stored object was found missing or different. */
  markDamaged(id: string): Promise<void>;
  /**
   * Ended attempts that did not settle and may have left objects; due `delaySeconds` after their end. Marks them as rung like
   * `takeDue`.
   */
  takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<BackupAttempt[]>;
  findAttempt(backupId: string, attempt: number): Promise<BackupAttempt | null>;
  markSwept(backupId: string, attempt: number): Promise<void>;
}
