import type { ComputeType, ContentTarget, Restore, RestoreAttempt, RestorePace } from '@holdfast/shared/domain';
import type { WorkRepository } from './work.ts';

export type NewRestore = Pick<
  Restore,
  'backupId' | 'databaseId' | 'ownership' | 'fileIds' | 'requestId' | 'maxFailures'
> & {
  /** What swaps former content back is made by `createUndo`. */
  target: ContentTarget;
  /** Known beforehand where a repeated request must find what the first one made. */
  id?: string | undefined;
  compute?: ComputeType | null;
  selection?: Restore['selection'];
  /** Absent: false. */
  allowDamaged?: boolean;
  /** Absent: 0. */
  keepHours?: number;
  /** The remote server that does it; absent: our workers. */
  serverId?: number | null;
  /** Absent: it is restored alone. */
  groupId?: string | null;
  /** Absent: it waits for no other one. */
  afterRestoreId?: string | null;
};

export type NewUndo = Pick<Restore, 'accountId' | 'databaseId' | 'requestId' | 'maxFailures'> & {
  /** The restore in place that is to be undone. */
  restoreId: string;
  id?: string | undefined;
};

/**
 * Why a restore cannot be undone: it made a new database, or is an undoing itself; it has not come to its end, or failed; its
 * former content is not kept, or not any more; a later restore has replaced what it had brought; or another restore onto
 * the same target is scheduled or pending.
 */
export type UndoRefusal = 'not_in_place' | 'not_done' | 'former_missing' | 'superseded' | 'busy';

export interface RestoreRepository extends WorkRepository<Restore> {
  /** Inserts the row `scheduled`, or finds the one of that id. @returns `busy` while another restore onto the same target is scheduled or pending; null when an id is unknown */
  create(restore: NewRestore): Promise<Restore | 'busy' | null>;
  /** Inserts the row `scheduled`, or finds the one of that id. @returns why it cannot be undone; null when it is unknown */
  createUndo(undo: NewUndo): Promise<Restore | UndoRefusal | null>;
  findOwned(accountId: number, id: string): Promise<Restore | null>;
  /** Those of a database's backups and those onto it, up to `limit`, newest first. */
  listOfDatabase(databaseId: string, limit: number): Promise<Restore[]>;
  /** Records what an attempt that goes on has brought back already, and what stays if it fails: sentences for people. */
  notePart(id: string, attempt: number, done: string): Promise<void>;
  /** @param former the database that holds the former content: it is kept for the row's `keepHours` from now on */
  settle(id: string, attempt: number, outcome: string, bytes?: number, former?: string | null): Promise<boolean>;
  /**
   * Restores that may have left something on their servers, due `delaySeconds` after their end, and those whose former content
   * has been kept for long enough. Marks them as rung like `takeDue`, but the longer a server is away the more seldom.
   */
  takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<RestoreAttempt[]>;
  /**
   * Whether the former content of a restore may be dropped: its time is over and nobody is undoing the restore. From then
   * on nobody can.
   */
  mayDropFormer(restoreId: string): Promise<boolean>;
  /** Records that the former content of a restore, whose time is over, was dropped. */
  markFormerDropped(restoreId: string): Promise<void>;
  /** Records that an ended restore has left nothing; not while former content may be there that nobody recorded. */
  markSwept(restoreId: string): Promise<void>;
  /** How fast the newest whole restores onto a database went, and those of its account onto databases of the same kind. */
  pacesFor(databaseId: string): Promise<{ database: RestorePace[]; account: RestorePace[] }>;
  /** The restore of a backup that a remote server is at. */
  findRunningOfServer(serverId: number, backupId: string): Promise<Restore | null>;
}
