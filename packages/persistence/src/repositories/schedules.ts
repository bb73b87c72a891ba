import type { Schedule, Slot } from '@holdfast/shared/domain';

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
> & {
  /** Absent: none. */
  verification?: Schedule['verification'];
};

/** What became of a slot that was due: `running` with a backup, or ended without one. */
export type TakenSlot = Pick<Slot, 'scheduleId' | 'scheduledFor' | 'status' | 'reason' | 'covers' | 'backupId'>;

export interface SlotPage {
  /** Of those that are not planned any more, newest first. */
  past: Slot[];
  /** All that are planned, oldest first; those that are due and not taken yet among them. */
  planned: Slot[];
}

/** A slot and whose it is. */
export type CalendarSlot = Slot & { databaseId: string };

export interface ScheduleRepository {
  /** Plans its next slots from the cron expression and the database's clock, too. @returns null when the database is not the account's */
  create(accountId: number, schedule: NewSchedule): Promise<Schedule | null>;
  findOwned(accountId: number, databaseId: string, id: string): Promise<Schedule | null>;
  findPeriodicSetting(databaseId: string): Promise<Schedule | null>;
  list(databaseId: string): Promise<Schedule[]>;
  /**
   * Another cron expression, zone or jitter replaces the slots to come, of which those of unchanged times keep their rows;
   * nothing else touches any. Switched off, a schedule has none to come, and those that are due are skipped as `disabled`.
   */
  update(accountId: number, id: string, change: Partial<NewSchedule>): Promise<Schedule | null>;
  /** Its slots go with it; its backups stay, also those that wait. */
  delete(accountId: number, id: string): Promise<boolean>;
  /** @param page at most `limit` past slots, those before `before` where it is given */
  slots(scheduleId: string, page: { limit: number; before: Date | null }): Promise<SlotPage>;
  /** The slots of the account from `from` until before `to`, what became of them and what is planned, oldest first. */
  calendar(accountId: number, range: { from: Date; to: Date; limit: number }): Promise<CalendarSlot[]>;
  /**
   * Takes the due slots of up to `limit` schedules (`FOR UPDATE SKIP LOCKED`) and, in one transaction for each schedule,
   * begins a backup or ends the slot without one, as the schedule's policies say, and plans further ones. Any number of
   * schedulers may call it at once: each slot is taken exactly once. A schedule that fails does not keep the others back.
   * @throws AggregateError, after all others had their turn, with what failed
   */
  takeDue(limit: number, maxFailures: number): Promise<TakenSlot[]>;
  /** Plans on for up to `limit` enabled schedules that have fewer slots ahead than are wanted. @returns how many there were */
  planMissing(limit: number): Promise<number>;
  /** Removes up to `limit` slots that ended more than 400 days ago. @returns how many it removed */
  forgetOldSlots(limit: number): Promise<number>;
}
