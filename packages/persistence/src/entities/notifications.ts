import { EntitySchema } from 'typeorm';
import type { Channel, Delivery, NotificationEvent } from '@holdfast/shared/domain';
import { flag, hidden, insertedAt, instant, integer, json, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

/** What only statements use: how the sending goes, and who sends now. */
interface HiddenOfChannel {
  /** How often sending failed since it last succeeded. */
  failures: number;
  /** Nothing is sent before. */
  notBefore: Date | null;
  lastStatus: number | null;
  leaseOwner: string | null;
  leaseUntil: Date | null;
}

/** A channel as it is stored: its secrets are sealed as one text. */
export type ChannelRow = Omit<Channel, 'secrets'> & { secrets: string | null };

export const channelEntity = new EntitySchema<ChannelRow & HiddenOfChannel>({
  name: 'NotificationChannel',
  tableName: 'notification_channels',
  columns: {
    id: uuidKey,
    accountId: integer,
    scheduleId: optional(uuid),
    name: text,
    type: text,
    settings: json,
    secrets: optional(text),
    rules: json,
    enabled: flag,
    failures: hidden({ ...integer, default: 0 }),
    notBefore: hidden(optional(instant)),
    failingSince: optional(instant),
    lastError: optional(text),
    lastStatus: hidden(optional(integer)),
    lastDeliveredAt: optional(instant),
    leaseOwner: hidden(optional(uuid)),
    leaseUntil: hidden(optional(instant)),
    createdAt: insertedAt,
    updatedAt: insertedAt,
  },
  uniques: [
    { name: 'notification_channels_account_id_name_key', columns: ['accountId', 'name'] },
    { name: 'notification_channels_schedule_id_key', columns: ['scheduleId'] },
  ],
  checks: [
    {
      name: 'notification_channels_type_check',
      expression: `type in ('webhook', 'email', 'slack', 'discord', 'teams', 'ntfy', 'ping') and (type = 'ping') = (schedule_id is not null)`,
    },
    { name: 'notification_channels_secrets_check', expression: `secrets ~ '^v[0-9]+[.]'` },
    { name: 'notification_channels_lease_check', expression: '(lease_owner is null) = (lease_until is null)' },
  ],
  foreignKeys: [
    restricted('notification_channels_account_fkey', 'Account', ['accountId']),
    { ...restricted('notification_channels_schedule_fkey', 'Schedule', ['scheduleId']), onDelete: 'CASCADE' },
  ],
});

/** `source`: what it was made of, so that it is made once. `fannedOutAt`: when each channel that wants it had got a delivery. */
export const eventEntity = new EntitySchema<NotificationEvent & { source: string; fannedOutAt: Date | null }>({
  name: 'NotificationEvent',
  tableName: 'notification_events',
  columns: {
    id: uuidKey,
    accountId: integer,
    source: hidden(text),
    kind: text,
    severity: text,
    alertId: optional(uuid),
    alertKind: optional(text),
    subjectType: text,
    subjectId: text,
    databaseId: optional(uuid),
    databaseName: optional(text),
    message: text,
    since: instant,
    at: instant,
    fannedOutAt: hidden(optional(instant)),
  },
  uniques: [{ name: 'notification_events_source_key', columns: ['source'] }],
  checks: [
    { name: 'notification_events_severity_check', expression: `severity in ('info', 'warning', 'critical')` },
    { name: 'notification_events_alert_check', expression: '(alert_id is null) = (alert_kind is null)' },
  ],
  indices: [
    { name: 'notification_events_new_idx', columns: ['accountId', 'at'], where: 'fanned_out_at is null' },
    { name: 'notification_events_alert_id_idx', columns: ['alertId'], where: 'alert_id is not null' },
    { name: 'notification_events_at_idx', columns: ['at'] },
  ],
  foreignKeys: [restricted('notification_events_account_fkey', 'Account', ['accountId'])],
});

/** `source`: as of events; null where nothing is to be made once. `giveUpAt`: after it no further attempt is made. */
export const deliveryEntity = new EntitySchema<Delivery & { source: string | null; giveUpAt: Date }>({
  name: 'NotificationDelivery',
  tableName: 'notification_deliveries',
  columns: {
    id: uuidKey,
    accountId: integer,
    channelId: uuid,
    cause: text,
    source: hidden(optional(text)),
    ping: optional(text),
    backupId: optional(uuid),
    message: optional(text),
    status: { ...text, default: 'scheduled' },
    attempts: { ...integer, default: 0 },
    nextAttemptAt: insertedAt,
    giveUpAt: hidden(instant),
    error: optional(text),
    answerStatus: optional(integer),
    answer: optional(text),
    createdAt: insertedAt,
    endedAt: optional(instant),
  },
  uniques: [{ name: 'notification_deliveries_source_key', columns: ['source'] }],
  checks: [
    {
      name: 'notification_deliveries_cause_check',
      expression: `cause in ('event', 'digest', 'repeat', 'held', 'test', 'ping')`,
    },
    {
      name: 'notification_deliveries_ping_check',
      expression: `ping in ('start', 'success', 'fail') and (cause = 'ping') = (ping is not null)`,
    },
    {
      name: 'notification_deliveries_status_check',
      expression: `status in ('scheduled', 'pending', 'done', 'error')`,
    },
    { name: 'notification_deliveries_attempts_check', expression: 'attempts >= 0' },
    {
      name: 'notification_deliveries_ended_at_check',
      expression: `(status in ('done', 'error')) = (ended_at is not null)`,
    },
  ],
  indices: [
    {
      name: 'notification_deliveries_due_idx',
      columns: ['channelId', 'nextAttemptAt'],
      where: `status in ('scheduled', 'pending')`,
    },
    { name: 'notification_deliveries_account_id_created_at_idx', columns: ['accountId', 'createdAt'] },
    { name: 'notification_deliveries_channel_id_created_at_idx', columns: ['channelId', 'createdAt'] },
    { name: 'notification_deliveries_ended_at_idx', columns: ['endedAt'], where: 'ended_at is not null' },
  ],
  foreignKeys: [
    restricted('notification_deliveries_account_fkey', 'Account', ['accountId']),
    {
      ...restricted('notification_deliveries_channel_fkey', 'NotificationChannel', ['channelId']),
      onDelete: 'CASCADE',
    },
  ],
});

export const deliveryEventEntity = new EntitySchema<{ deliveryId: string; eventId: string; channelId: string }>({
  name: 'NotificationDeliveryEvent',
  tableName: 'notification_delivery_events',
  columns: {
    deliveryId: uuidKey,
    eventId: uuidKey,
    channelId: uuid,
  },
  indices: [{ name: 'notification_delivery_events_event_id_idx', columns: ['eventId', 'channelId'] }],
  foreignKeys: [
    {
      ...restricted('notification_delivery_events_delivery_fkey', 'NotificationDelivery', ['deliveryId']),
      onDelete: 'CASCADE',
    },
    {
      ...restricted('notification_delivery_events_event_fkey', 'NotificationEvent', ['eventId']),
      onDelete: 'CASCADE',
    },
  ],
});

/** How far rows that ended were looked through for what is to be told. */
export const scanEntity = new EntitySchema<{ name: string; scannedUntil: Date }>({
  name: 'NotificationScan',
  tableName: 'notification_scans',
  columns: { name: { ...text, primary: true }, scannedUntil: instant },
});
