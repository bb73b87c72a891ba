import type { ComputeType, Restore, RestoreAttempt } from '@holdfast/shared/domain';
import type { WorkRepository } from './work.ts';

export type NewRestore = Pick<
  Restore,
  'backupId' | 'databaseId' | 'target' | 'ownership' | 'fileIds' | 'requestId' | 'maxFailures'
> & {
  /** Known beforehand where a repeated request must find what the first one made. */
  id?: string | undefined;
  compute?: ComputeType | null;
  /** The remote server that does it; absent: our workers. */
  serverId?: number | null;
};

export interface RestoreRepository extends WorkRepository<Restore> {
  /** Inserts the row `scheduled`, or finds the one of that id. @returns `busy` while another restore onto the same target is scheduled or pending; null when an id is unknown */
  create(restore: NewRestore): Promise<Restore | 'busy' | null>;
  findOwned(accountId: number, id: string): Promise<Restore | null>;
  settle(id: string, attempt: number, outcome: string, bytes?: number): Promise<boolean>;
  /**
   * Restores that failed and may have left something on their servers; due `delaySeconds` after their end. Marks them as rung
   * like `takeDue`, but the longer a server is away the more seldom.
   */
  takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<RestoreAttempt[]>;
  /** Records that a restore which failed has left nothing. */
  markSwept(restoreId: string): Promise<void>;
  /** The restore of a backup that a remote server is at. */
  findRunningOfServer(serverId: number, backupId: string): Promise<Restore | null>;
}
