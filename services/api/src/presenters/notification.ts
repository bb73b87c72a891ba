import {
  alertKinds,
  alertSubjects,
  channelTypes,
  deliveryCauses,
  deliveryStatuses,
  isUnusable,
  mailProtections,
  notificationKinds,
  pingKinds,
  ruleEvents,
  severities,
  type Channel,
  type ChannelRules,
  type MailSettings,
  type NotificationEvent,
} from '@holdfast/shared/domain';
import type { ShownDelivery } from '@holdfast/persistence';
import { z } from 'zod';
import { forgottenView, presentForgotten } from './forgotten.ts';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

const severityView = z.enum(severities).meta({ id: 'Severity' });

const rulesView = z.strictObject({
  events: z.array(z.enum(ruleEvents)).nullable().meta({
    description:
      'Kinds, groups of kinds, and `alert.<kind>` for one kind of alert; null: all alerts, raised and cleared.',
  }),
  least_severity: severityView,
  databases: z.array(idView).nullable().meta({ description: 'Null: whatever it is about.' }),
  digest_minutes: z.int().nullable().meta({ description: 'For so long events are collected into one message.' }),
  repeat_hours: z.int().nullable().meta({ description: 'After so long what is still wrong is told again.' }),
  most_per_hour: z.int().meta({ description: 'What goes beyond is told in one message when the hour is over.' }),
});

const mailView = z.strictObject({
  host: z.string(),
  port: z.int(),
  encryption: z.enum(mailProtections),
  user: z.string().nullable(),
  has_password: z.boolean(),
  from: z.string(),
  to: z.array(z.string()),
  ca_certificate: z.string().nullable(),
});

export const channelView = z
  .strictObject({
    id: idView,
    name: z.string(),
    type: z.enum(channelTypes),
    enabled: z.boolean(),
    url: z.string().nullable().meta({ description: 'What of it is no secret; null for `email`.' }),
    has_token: z.boolean().meta({ description: 'Of `ntfy`.' }),
    ...forgottenView,
    email: mailView.nullable(),
    signing_secret: z
      .string()
      .nullable()
      .meta({ description: 'Of a webhook that was just made, or whose secret was rotated; null ever after.' }),
    rules: rulesView,
    state: z.enum(['ok', 'failing', 'off']),
    failing_since: timeView.nullable(),
    last_error: z.string().nullable(),
    last_delivered_at: timeView.nullable(),
    created_at: timeView,
    updated_at: timeView,
  })
  .meta({
    id: 'NotificationChannel',
    description: 'Where notifications go, without its secrets.',
    examples: [
      {
        id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c77',
        name: 'on call',
        type: 'webhook',
        enabled: true,
        url: 'https://ops.example.com/…',
        has_token: false,
        email: null,
        signing_secret: null,
        rules: {
          events: ['alert', 'restore.failed'],
          least_severity: 'warning',
          databases: null,
          digest_minutes: null,
          repeat_hours: 24,
          most_per_hour: 60,
        },
        state: 'ok',
        failing_since: null,
        last_error: null,
        last_delivered_at: '2026-09-02T01:00:12.000Z',
        created_at: '2026-09-01T09:30:00.000Z',
        updated_at: '2026-09-01T09:30:00.000Z',
      },
    ],
  });

/** @param signingSecret where it is to be seen this once */
export function presentChannel(channel: Channel, signingSecret: string | null = null): z.input<typeof channelView> {
  const { type, settings, secrets } = channel;
  if (type === 'ping') throw new Error('The channel of pings is shown by its schedule.');
  return {
    id: channel.id,
    name: channel.name,
    type,
    enabled: channel.enabled,
    url: secrets.url && !isUnusable(secrets.url) ? `${new URL(secrets.url.reveal()).origin}/…` : null,
    has_token: secrets.token !== undefined,
    ...presentForgotten({
      url: secrets.url,
      token: secrets.token,
      rotate_secret: secrets.signingSecret,
      'email.password': secrets.password,
    }),
    email: settings.mail ? presentMail(settings.mail, secrets.password !== undefined) : null,
    signing_secret: signingSecret,
    rules: presentRules(channel.rules),
    state: !channel.enabled ? 'off' : channel.failingSince ? 'failing' : 'ok',
    failing_since: presentTime(channel.failingSince),
    last_error: channel.lastError,
    last_delivered_at: presentTime(channel.lastDeliveredAt),
    created_at: presentTime(channel.createdAt),
    updated_at: presentTime(channel.updatedAt),
  };
}

const presentRules = (rules: ChannelRules): z.input<typeof rulesView> => ({
  events: rules.events && [...rules.events],
  least_severity: rules.leastSeverity,
  databases: rules.databases && [...rules.databases],
  digest_minutes: rules.digestMinutes,
  repeat_hours: rules.repeatHours,
  most_per_hour: rules.mostPerHour,
});

const presentMail = (mail: MailSettings, hasPassword: boolean): z.input<typeof mailView> => ({
  host: mail.host,
  port: mail.port,
  encryption: mail.protection,
  user: mail.user,
  has_password: hasPassword,
  from: mail.from,
  to: [...mail.to],
  ca_certificate: mail.certificates,
});

const eventView = z.strictObject({
  id: idView,
  kind: z.enum(notificationKinds),
  severity: severityView,
  alert: z.strictObject({ id: idView, kind: z.enum(alertKinds) }).nullable(),
  subject: z.strictObject({ type: z.enum([...alertSubjects, 'restore']), id: z.string() }),
  database: z.strictObject({ id: idView, name: z.string() }).nullable(),
  message: z.string(),
  since: timeView.meta({ description: 'When what it tells of began.' }),
  at: timeView,
});

const presentEvent = (event: NotificationEvent): z.input<typeof eventView> => ({
  id: event.id,
  kind: event.kind,
  severity: event.severity,
  alert: event.alertId !== null && event.alertKind !== null ? { id: event.alertId, kind: event.alertKind } : null,
  subject: { type: event.subjectType, id: event.subjectId },
  database: event.databaseId === null ? null : { id: event.databaseId, name: event.databaseName ?? '' },
  message: event.message,
  since: presentTime(event.since),
  at: presentTime(event.at),
});

export const deliveryView = z
  .strictObject({
    id: idView.meta({ description: 'The same over all attempts: `webhook-id` of a webhook.' }),
    channel: z.strictObject({
      id: idView,
      name: z.string(),
      type: z.enum([...channelTypes, 'ping']),
      schedule_id: idView.nullable().meta({ description: 'Whose pings these are.' }),
    }),
    cause: z.enum(deliveryCauses).meta({
      description:
        'An event by itself, several collected ones, what is still wrong, what the limit of an hour held back, a trial, or a ping.',
    }),
    status: z.enum(deliveryStatuses),
    attempts: z.int().min(0),
    message: z.string().nullable().meta({ description: 'Of a trial or a ping.' }),
    ping: z.enum(pingKinds).nullable(),
    backup_id: idView.nullable(),
    events: z.array(eventView).meta({ description: 'The first 50.' }),
    event_count: z.int().min(0),
    created_at: timeView,
    next_attempt_at: timeView.nullable(),
    delivered_at: timeView.nullable(),
    ended_at: timeView.nullable(),
    error: z.string().nullable().meta({ description: 'Why the last attempt did not succeed.' }),
    answer: z
      .strictObject({ status: z.int().nullable(), text: z.string() })
      .nullable()
      .meta({ description: 'What the other side said last, at most 2 KiB of it.' }),
  })
  .meta({
    id: 'NotificationDelivery',
    description: 'One message to one channel.',
    examples: [
      {
        id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c88',
        channel: {
          id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c77',
          name: 'on call',
          type: 'webhook',
          schedule_id: null,
        },
        cause: 'event',
        status: 'done',
        attempts: 1,
        message: null,
        ping: null,
        backup_id: null,
        events: [
          {
            id: '01991f4d-0a10-7c55-b6d1-59760123caff',
            kind: 'alert.raised',
            severity: 'critical',
            alert: { id: '01991f4d-0a10-7c55-b6d1-59760123cafe', kind: 'backup_failed' },
            subject: { type: 'database', id: '01991f4c-9a10-7c55-b6d1-597601234ffb' },
            database: { id: '01991f4c-9a10-7c55-b6d1-597601234ffb', name: 'shop' },
            message: 'The last backup of "shop" failed: The database server refused the user name or password.',
            since: '2026-09-02T01:00:11.000Z',
            at: '2026-09-02T01:00:11.000Z',
          },
        ],
        event_count: 1,
        created_at: '2026-09-02T01:00:11.400Z',
        next_attempt_at: null,
        delivered_at: '2026-09-02T01:00:12.000Z',
        ended_at: '2026-09-02T01:00:12.000Z',
        error: null,
        answer: { status: 204, text: '' },
      },
    ],
  });

export function presentDelivery(delivery: ShownDelivery): z.input<typeof deliveryView> {
  const { channel, status, endedAt, answer, answerStatus } = delivery;
  const isOpen = endedAt === null;
  return {
    id: delivery.id,
    channel: { id: channel.id, name: channel.name, type: channel.type, schedule_id: channel.scheduleId },
    cause: delivery.cause,
    status,
    attempts: delivery.attempts,
    message: delivery.message,
    ping: delivery.ping,
    backup_id: delivery.backupId,
    events: delivery.events.map(presentEvent),
    event_count: delivery.eventCount,
    created_at: presentTime(delivery.createdAt),
    next_attempt_at: isOpen ? presentTime(delivery.nextAttemptAt) : null,
    delivered_at: status === 'done' ? presentTime(endedAt) : null,
    ended_at: presentTime(endedAt),
    error: delivery.error,
    answer: answer === null && answerStatus === null ? null : { status: answerStatus, text: answer ?? '' },
  };
}
