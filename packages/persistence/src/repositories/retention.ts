import type { RetainableBackup } from '@holdfast/shared/domain';

/** The backups that a policy decides about, at one moment: those of its schedule whose removal has not begun. */
export interface RetentionCatalogue {
  /** Marked is what somebody else wants to be deleted; what the policy marked itself is decided about anew. */
  backups: RetainableBackup[];
  /** The ids of those that the policy marked. */
  expiring: ReadonlySet<string>;
  now: Date;
}

/** What applying the policy of one schedule changed. */
export interface Retained {
  scheduleId: string;
  /** Backups that are on their way out from now on, with the sentence that says why. */
  marked: { id: string; reason: string }[];
  /** Backups that the policy had marked, that nobody began to remove, and that it keeps by now. */
  takenBack: string[];
}

export interface RetentionRepository {
  /**
   * Applies the policies of up to `limit` schedules that are due: the last time is `againSeconds` ago, or the schedule was
   * changed or a backup of it became `done` since. Any number of schedulers may call it at once.
   * @param graceSeconds from the mark to the removal of the objects
   * @throws AggregateError, after all others had their turn, with what failed
   */
  applyDue(limit: number, againSeconds: number, graceSeconds: number): Promise<Retained[]>;
  catalogue(scheduleId: string): Promise<RetentionCatalogue>;
}
