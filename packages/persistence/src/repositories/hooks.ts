import type { HookEnd, HookRun, PublicError } from '@holdfast/shared/domain';

/** An attempt that ended although its `after` hooks did not run to their end: its worker was killed or lost its lease. */
export interface OpenHooks {
  backupId: string;
  attempt: number;
  databaseId: string;
  /** Why the attempt ended. */
  error: PublicError | null;
}

/**
 * What is known of the hooks around attempts. Those `after` an attempt are open from the moment before its first hook until they
 * ran; whoever runs them takes them first, so that of two only one does.
 */
export interface HookRepository {
  /** To be called before the first hook of an attempt. @returns false when the attempt is stale */
  open(backupId: string, attempt: number): Promise<boolean>;
  /**
   * Reserves the `after` hooks of an attempt for so many seconds.
   * @returns false when they are not open, or somebody else runs them
   */
  take(backupId: string, attempt: number, seconds: number): Promise<boolean>;
  /** Records that they ran, whatever came of them. */
  close(backupId: string, attempt: number): Promise<void>;
  /** The attempts of a database that ended and left them open, the oldest first; also those that somebody has taken. */
  leftOpen(databaseId: string): Promise<OpenHooks[]>;
  findOpen(backupId: string, attempt: number): Promise<OpenHooks | null>;
  /** Takes up to `limit` attempts that left them open and that nobody has; marks them as rung. */
  takeOpen(limit: number, ringAgainSeconds: number): Promise<OpenHooks[]>;
  began(run: Pick<HookRun, 'id' | 'backupId' | 'attempt' | 'phase' | 'position' | 'name' | 'worker'>): Promise<void>;
  ended(id: string, end: HookEnd): Promise<void>;
  /** In the order of their beginning. */
  listOfBackup(backupId: string): Promise<HookRun[]>;
}
