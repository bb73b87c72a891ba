import { hoursOfCron, type Schedule } from '@holdfast/shared/domain';
import { presentTime } from './time.ts';

export function presentSchedule(schedule: Schedule) {
  return {
    id: schedule.id,
    database_id: schedule.databaseId,
    cron: schedule.cron,
    timezone: schedule.timezone,
    retention: { keep_last: schedule.retention.keepLast ?? null, keep_days: schedule.retention.keepDays ?? null },
    destination_id: schedule.destinationId,
    enabled: schedule.enabled,
    catch_up: schedule.catchUp,
    overlap: schedule.overlap,
    jitter_seconds: schedule.jitterSeconds,
    next_run_at: presentTime(schedule.nextRunAt),
    last_run_at: presentTime(schedule.lastRunAt),
    created_at: presentTime(schedule.createdAt),
    updated_at: presentTime(schedule.updatedAt),
  };
}

/** The schedule behind `periodic_backups_*`, as those fields show it: whole hours in UTC, or none when it was made something else. */
export function presentPeriodic(setting: Schedule | null) {
  return {
    periodic_backups_enabled: setting?.enabled ?? false,
    periodic_backups_scheduled_at: setting?.timezone === 'UTC' ? hoursOfCron(setting.cron) : [],
  };
}
