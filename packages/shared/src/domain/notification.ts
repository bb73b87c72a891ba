import { alertKinds, severities, type Alert, type AlertKind, type AlertSubject, type Severity } from './alert.ts';
import type { Secret } from './secret.ts';

export const channelTypes = ['webhook', 'email', 'slack', 'discord', 'teams', 'ntfy'] as const;
/** How somebody is told. */
export type ChannelType = (typeof channelTypes)[number];

export const notificationKinds = [
  'alert.raised',
  'alert.cleared',
  'backup.done',
  'backup.failed',
  'restore.done',
  'restore.failed',
] as const;
/** What can be told. */
export type NotificationKind = (typeof notificationKinds)[number];

const groups = ['alert', 'backup', 'restore'] as const;
const ofAlerts = alertKinds.map((kind) => `alert.${kind}` as const);

/** What a channel's rules can name: kinds, groups of them, and `alert.<kind>` for one kind of alert, raised and cleared. */
export const ruleEvents = [...groups, ...notificationKinds, ...ofAlerts] as const;
export type RuleEvent = (typeof ruleEvents)[number];

/** Which events a channel is told of, and how. */
export interface ChannelRules {
  /** Null: what is wrong, and when it is over, which is the group `alert`. */
  events: readonly RuleEvent[] | null;
  leastSeverity: Severity;
  /** Ids; null: whatever database an event is about, and events about none. */
  databases: readonly string[] | null;
  /** Minutes for which events are collected into one message; null: each is told at once. */
  digestMinutes: number | null;
  /** Hours after which what is still wrong is told again; null: once is enough. */
  repeatHours: number | null;
  /** Messages within an hour; what goes beyond is told in one message when the hour is over. */
  mostPerHour: number;
}

export const mailProtections = ['starttls', 'tls', 'none'] as const;
/** TLS from the beginning, TLS by STARTTLS and never without, or none. */
export type MailProtection = (typeof mailProtections)[number];

export interface MailSettings {
  host: string;
  port: number;
  protection: MailProtection;
  /** Null: no sign-in. */
  user: string | null;
  from: string;
  to: readonly string[];
  /** Certificates, as PEM, that the server's may be signed by; null: those that Node trusts. */
  certificates: string | null;
}

export const channelSecretNames = ['url', 'signingSecret', 'formerSigningSecret', 'password', 'token'] as const;
/** What of a channel is kept sealed, as far as its type has it. */
export type ChannelSecrets = { readonly [name in (typeof channelSecretNames)[number]]?: Secret };

export interface ChannelSettings {
  mail?: MailSettings;
  /** Until then (RFC 3339) a webhook is signed with its former secret as well. */
  formerSecretUntil?: string;
  /** What of the URL of pings is no secret. */
  shownUrl?: string;
}

/** Where notifications go. */
export interface Channel {
  id: string;
  accountId: number;
  /** Of a type of its own: the pings of this schedule go there. */
  scheduleId: string | null;
  name: string;
  type: ChannelType | 'ping';
  settings: ChannelSettings;
  secrets: ChannelSecrets;
  rules: ChannelRules;
  enabled: boolean;
  /** Since when nothing could be delivered; null while all is well. */
  failingSince: Date | null;
  lastError: string | null;
  lastDeliveredAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/** Something that happened and that somebody may want to be told of; told once to each channel whose rules want it. */
export interface NotificationEvent {
  id: string;
  accountId: number;
  kind: NotificationKind;
  severity: Severity;
  alertId: string | null;
  alertKind: AlertKind | null;
  subjectType: AlertSubject | 'restore';
  subjectId: string;
  databaseId: string | null;
  databaseName: string | null;
  /** For people: what is so and what to do. */
  message: string;
  /** When what it tells of began. */
  since: Date;
  at: Date;
}

export const deliveryCauses = ['event', 'digest', 'repeat', 'held', 'test', 'ping'] as const;
/**
 * Why a message is sent: an event; several that were collected; what is still wrong; what the limit of an hour held back;
 * somebody's trial; the life of a schedule's backup.
 */
export type DeliveryCause = (typeof deliveryCauses)[number];

export const deliveryStatuses = ['scheduled', 'pending', 'done', 'error'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

export const pingKinds = ['start', 'success', 'fail'] as const;
export type PingKind = (typeof pingKinds)[number];

/** One message to one channel; its id stays the same over all attempts. */
export interface Delivery {
  id: string;
  accountId: number;
  channelId: string;
  cause: DeliveryCause;
  /** What is told to whoever waits for a schedule's backups. */
  ping: PingKind | null;
  backupId: string | null;
  /** Of what has no events: a trial or a ping. */
  message: string | null;
  status: DeliveryStatus;
  attempts: number;
  /** Not to be sent before. */
  nextAttemptAt: Date;
  /** Why the last attempt did not succeed. */
  error: string | null;
  /** The status and the beginning of the body that the other side answered last. */
  answerStatus: number | null;
  answer: string | null;
  createdAt: Date;
  endedAt: Date | null;
}

/** How a delivery's attempt ended. */
export interface DeliveryEnd {
  outcome: 'delivered' | 'again' | 'failed';
  /** Null when it was delivered. */
  error: string | null;
  answerStatus: number | null;
  answer: string | null;
  /** When it is to be tried again, in seconds from now. */
  retryInSeconds: number;
  /** For how long the other side wants to hear nothing at all, in seconds. */
  restSeconds: number;
}

/** Whether the rules of a channel want an event: of the kind, as severe, about a database of theirs. Never about itself. */
export function wants({ id, rules }: Pick<Channel, 'id' | 'rules'>, event: NotificationEvent): boolean {
  if (event.subjectType === 'channel' && event.subjectId === id) return false;
  if (severities.indexOf(event.severity) > severities.indexOf(rules.leastSeverity)) return false;
  if (rules.databases && !(event.databaseId !== null && rules.databases.includes(event.databaseId))) return false;
  const names = new Set([event.kind.split('.')[0], event.kind, `alert.${event.alertKind}`]);
  return (rules.events ?? ['alert']).some((wanted) => names.has(wanted));
}

/** The event of an alert that was raised or is over. */
export const alertEventKind = ({ clearedAt }: Pick<Alert, 'clearedAt'>): NotificationKind =>
  clearedAt === null ? 'alert.raised' : 'alert.cleared';
