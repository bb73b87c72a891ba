import type { Schedule } from '@holdfast/shared/domain';

export type NewSchedule = Pick<
  Schedule,
  | 'databaseId'
  | 'destinationId'
  | 'cron'
  | 'timezone'
  | 'retention'
  | 'enabled'
  | 'catchUp'
  | 'overlap'
  | 'graceSeconds'
  | 'jitterSeconds'
  | 'isPeriodicSetting'
>;

/** What became of one due schedule. */
export interface Tick {
  scheduleId: string;
  scheduledFor: Date;
  /** Null when the tick was skipped. */
  backupId: string | null;
}

export interface ScheduleRepository {
  /** Sets `nextRunAt` from the cron expression and the database's clock. @returns null when the database is not the account's */
  create(accountId: number, schedule: NewSchedule): Promise<Schedule | null>;
  findOwned(accountId: number, databaseId: string, id: string): Promise<Schedule | null>;
  findPeriodicSetting(databaseId: string): Promise<Schedule | null>;
  list(databaseId: string): Promise<Schedule[]>;
  update(accountId: number, id: string, change: Partial<NewSchedule>): Promise<Schedule | null>;
  delete(accountId: number, id: string): Promise<boolean>;
  /**
   * Takes up to `limit` due schedules (`FOR UPDATE SKIP LOCKED`) and, in one transaction for each, inserts the backups of the ticks
   * that its policies ask for under `UNIQUE (schedule_id, scheduled_for)` and advances `nextRunAt`. Any number of
   * schedulers may call it at once: each tick makes exactly one backup.
   */
  takeDue(limit: number, maxFailures: number): Promise<Tick[]>;
}
