import { catchUpPolicies, hoursOfCron, overlapPolicies, type Schedule } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentRetention, retentionView } from './retention.ts';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';
import { policyView, presentPolicy } from './verification.ts';

export const scheduleView = z
  .strictObject({
    id: idView,
    database_id: idView,
    cron: z.string(),
    timezone: z.string(),
    retention: retentionView,
    verification: policyView.nullable().meta({ description: 'How its backups are verified; null: by hand alone.' }),
    destination_id: z.int().nullable().meta({ description: "Null: the database's own destination." }),
    policy_id: idView.nullable().meta({
      description: 'The policy of a whole server whose runs take the place of its slots; null: it comes due by itself.',
    }),
    enabled: z.boolean(),
    ping: z.strictObject({ url: z.string() }).nullable().meta({
      description: 'Who is told of each backup that begins and ends, without what of the URL is secret.',
    }),
    catch_up: z.enum(catchUpPolicies),
    catch_up_grace_seconds: z.int().min(0),
    overlap: z.enum(overlapPolicies),
    jitter_seconds: z.int().min(0),
    next_run_at: timeView.nullable(),
    last_run_at: timeView.nullable(),
    created_at: timeView,
    updated_at: timeView,
  })
  .meta({
    id: 'Schedule',
    description: 'When a database is backed up.',
    examples: [
      {
        id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c33',
        database_id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
        cron: '30 3 * * *',
        timezone: 'Europe/Paris',
        retention: presentRetention({ keepLast: 7, daily: 14 }),
        verification: { level: 'identical', every: 1, scratch_database_id: null },
        destination_id: null,
        policy_id: null,
        enabled: true,
        ping: { url: 'https://hc-ping.com/…' },
        catch_up: 'once',
        catch_up_grace_seconds: 60,
        overlap: 'skip',
        jitter_seconds: 0,
        next_run_at: '2026-09-03T01:30:00.000Z',
        last_run_at: '2026-09-02T01:30:00.000Z',
        created_at: '2026-09-01T09:30:00.000Z',
        updated_at: '2026-09-01T09:30:00.000Z',
      },
    ],
  });

export function presentSchedule(schedule: Schedule): z.input<typeof scheduleView> {
  return {
    id: schedule.id,
    database_id: schedule.databaseId,
    cron: schedule.cron,
    timezone: schedule.timezone,
    retention: presentRetention(schedule.retention),
    verification: presentPolicy(schedule),
    destination_id: schedule.destinationId,
    policy_id: schedule.policyId,
    enabled: schedule.enabled,
    ping: schedule.ping === null ? null : { url: schedule.ping },
    catch_up: schedule.catchUp,
    catch_up_grace_seconds: schedule.graceSeconds,
    overlap: schedule.overlap,
    jitter_seconds: schedule.jitterSeconds,
    next_run_at: presentTime(schedule.nextRunAt),
    last_run_at: presentTime(schedule.lastRunAt),
    created_at: presentTime(schedule.createdAt),
    updated_at: presentTime(schedule.updatedAt),
  };
}

export const periodicView = z.strictObject({
  periodic_backups_enabled: z.boolean(),
  periodic_backups_scheduled_at: z.array(z.int().min(0).max(23)).meta({ description: 'Hours in UTC.' }),
});

/** The schedule behind `periodic_backups_*`, as those fields show it: whole hours in UTC, or none when it was made something else. */
export function presentPeriodic(setting: Schedule | null): z.input<typeof periodicView> {
  return {
    periodic_backups_enabled: setting?.enabled ?? false,
    periodic_backups_scheduled_at: setting?.timezone === 'UTC' ? hoursOfCron(setting.cron) : [],
  };
}
