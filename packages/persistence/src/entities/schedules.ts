import { EntitySchema } from 'typeorm';
import type { Schedule } from '@holdfast/shared/domain';
import { flag, hidden, insertedAt, instant, integer, json, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted, withinAccount } from './foreign-keys.ts';

/** `retentionCheckedAt`: when its policy was last applied; null while it has none. */
export const scheduleEntity = new EntitySchema<Schedule & { retentionCheckedAt: Date | null }>({
  name: 'Schedule',
  tableName: 'schedules',
  columns: {
    id: uuidKey,
    accountId: integer,
    databaseId: uuid,
    policyId: optional(uuid),
    destinationId: optional(integer),
    cron: text,
    timezone: text,
    retention: json,
    verification: optional(json),
    enabled: flag,
    catchUp: text,
    overlap: text,
    graceSeconds: integer,
    jitterSeconds: integer,
    isPeriodicSetting: flag,
    nextRunAt: {
      ...optional(instant),
      virtualProperty: true,
      query: (schedule) =>
        `select min(run_at) from holdfast.slots where schedule_id = ${schedule}.id and status = 'planned'`,
    },
    ping: {
      ...optional(text),
      virtualProperty: true,
      query: (schedule) =>
        `select settings ->> 'shownUrl' from holdfast.notification_channels where schedule_id = ${schedule}.id`,
    },
    lastRunAt: optional(instant),
    retentionCheckedAt: hidden(optional(instant)),
    createdAt: insertedAt,
    updatedAt: insertedAt,
  },
  checks: [
    { name: 'schedules_catch_up_check', expression: `catch_up in ('skip', 'once', 'all')` },
    { name: 'schedules_overlap_check', expression: `overlap in ('queue', 'skip')` },
    { name: 'schedules_grace_seconds_check', expression: 'grace_seconds >= 0' },
    { name: 'schedules_jitter_seconds_check', expression: 'jitter_seconds >= 0' },
  ],
  indices: [
    { name: 'schedules_database_id_idx', columns: ['databaseId'] },
    { name: 'schedules_destination_id_idx', columns: ['destinationId'] },
    {
      name: 'schedules_policy_key',
      columns: ['policyId', 'databaseId'],
      unique: true,
      where: 'policy_id is not null',
    },
    { name: 'schedules_periodic_setting_key', columns: ['databaseId'], unique: true, where: 'is_periodic_setting' },
  ],
  foreignKeys: [
    restricted('schedules_account_fkey', 'Account', ['accountId']),
    withinAccount('schedules_database_fkey', 'Database', 'databaseId'),
    withinAccount('schedules_destination_fkey', 'Destination', 'destinationId'),
    withinAccount('schedules_policy_fkey', 'ServerPolicy', 'policyId'),
  ],
});
