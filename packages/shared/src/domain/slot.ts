export const slotStatuses = ['planned', 'running', 'done', 'error', 'skipped', 'missed'] as const;
/**
 * The life of a planned run: `planned` until it is due, `running` while its backup waits or runs, then what that ended as. A
 * slot without a backup ends `skipped`, for a reason, or `missed`, when nobody was there in time.
 */
export type SlotStatus = (typeof slotStatuses)[number];

export const skipReasons = ['overlap', 'disabled', 'caught_up'] as const;
/** Another backup of the database waited or ran; the schedule was switched off; a later slot was made up for it. */
export type SkipReason = (typeof skipReasons)[number];

/** One planned run of a schedule. */
export interface Slot {
  scheduleId: string;
  /** The time of the cron expression; with the schedule, its identity. */
  scheduledFor: Date;
  /** When it comes due: `scheduledFor` and the schedule's share of its jitter. */
  runAt: Date;
  status: SlotStatus;
  /** Set exactly when it was skipped. */
  reason: SkipReason | null;
  /** Runs that the row stands for: more than one only where a long absence missed too many for a row each. */
  covers: number;
  backupId: string | null;
  endedAt: Date | null;
}
