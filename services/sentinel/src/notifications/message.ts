import type { ClaimedDelivery } from '@holdfast/persistence';
import { severities, type AlertKind, type NotificationEvent, type Severity } from '@holdfast/shared/domain';

/** One thing that a message tells. */
export interface Entry {
  severity: Severity;
  /** A few words on one line. */
  heading: string;
  /** What is so and what to do. */
  text: string;
  database: string | null;
  /** When what it tells of began. */
  since: Date;
  /** Where to look; null where nobody said where our page is. */
  link: string | null;
}

/** What is said to people, whatever the channel. */
export interface Message {
  /** The same over all attempts. */
  id: string;
  /** The kind of its only event, or why it was made. */
  type: string;
  /** A few words on one line. */
  title: string;
  /** Stands before the entries; null where they say all. */
  intro: string | null;
  severity: Severity;
  /** Whether nobody has to be woken by it. */
  isQuiet: boolean;
  entries: readonly Entry[];
  /** Those of which there are no entries any more. */
  more: number;
  at: Date;
  link: string | null;
}

/** More are counted. */
const mostEntries = 10;

const words = (kind: AlertKind): string => kind.replaceAll('_', ' ');

/** Text on one line: what ends a line could begin a header. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

/** @param publicUrl of our page; null: there are no links */
export function messageOf(delivery: ClaimedDelivery, publicUrl: string | null): Message {
  const { id, cause, eventCount, createdAt, channel } = delivery;
  const entries = delivery.events.slice(0, mostEntries).map((event) => entryOf(event, publicUrl));
  const worst = severities.find((severity) => delivery.events.some((event) => event.severity === severity)) ?? 'info';
  const [first] = entries;
  const single = eventCount === 1 ? first : undefined;
  return {
    id,
    type: cause === 'event' ? (delivery.events[0]?.kind ?? cause) : cause,
    title: titleOf(delivery, single),
    intro: introOf(delivery),
    severity: worst,
    isQuiet: cause === 'repeat' || worst === 'info',
    entries,
    more: eventCount - entries.length,
    at: createdAt,
    link: single?.link ?? linkTo(publicUrl, cause === 'test' ? `/notifications/${channel.id}` : '/alerts'),
  };
}

function titleOf({ cause, eventCount }: ClaimedDelivery, single: Entry | undefined): string {
  if (cause === 'test') return 'Holdfast: a test';
  if (cause === 'held') return `Holdfast: ${eventCount} messages were held back`;
  if (cause === 'repeat') return `Holdfast: still so: ${single?.heading ?? `${eventCount} alerts`}`;
  return `Holdfast: ${single?.heading ?? `${eventCount} events`}`;
}

function introOf({ cause, message, eventCount, channel }: ClaimedDelivery): string | null {
  if (cause === 'test' || cause === 'ping') return message;
  if (cause === 'repeat') return 'This is still so, and nobody has acknowledged it.';
  if (cause !== 'held') return null;
  const { mostPerHour } = channel.rules;
  return `${eventCount} messages were held back, as this channel takes ${mostPerHour} in an hour. None is lost: this is all of them.`;
}

function entryOf(event: NotificationEvent, publicUrl: string | null): Entry {
  const { kind, severity, message, databaseName, since } = event;
  const about = databaseName === null ? '' : `: ${databaseName}`;
  const heading = oneLine(`${headingOf(event)}${about}`);
  const text = kind === 'alert.cleared' ? `It is over. It was: ${message}` : message;
  return { severity, heading, text, database: databaseName, since, link: linkTo(publicUrl, pathOf(event)) };
}

function headingOf({ kind, alertKind, severity }: NotificationEvent): string {
  const alert = alertKind === null ? 'alert' : words(alertKind);
  switch (kind) {
    case 'alert.raised':
      return severity === 'critical' ? `CRITICAL: ${alert}` : alert;
    case 'alert.cleared':
      return `over: ${alert}`;
    case 'backup.done':
      return 'backup done';
    case 'backup.failed':
      return 'backup failed';
    case 'restore.done':
      return 'restore done';
    case 'restore.failed':
      return 'restore failed';
  }
}

/** The page about what an event is about. */
function pathOf({ subjectType, subjectId, databaseId }: NotificationEvent): string {
  if (subjectType === 'backup' && databaseId !== null) return `/databases/${databaseId}/backups/${subjectId}`;
  if (databaseId !== null) return `/databases/${databaseId}`;
  if (subjectType === 'destination') return `/destinations/${subjectId}`;
  if (subjectType === 'policy') return `/policies/${subjectId}`;
  if (subjectType === 'channel') return `/notifications/${subjectId}`;
  return '/alerts';
}

const linkTo = (publicUrl: string | null, path: string): string | null =>
  publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}${path}`;

export const utc = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** What an entry says below its heading, line by line. */
export const linesOf = ({ text, since, link }: Entry): string[] => [
  text,
  `Since ${utc(since)}.`,
  ...(link === null ? [] : [link]),
];

/** The whole message as plain text. */
export function plainText({ intro, entries, more, link }: Message): string {
  const parts = entries.map((entry) => [entry.heading, ...linesOf(entry)].join('\n'));
  const rest = more > 0 ? [`And ${more} more${link === null ? '.' : `: ${link}`}`] : [];
  return [...(intro === null ? [] : [intro]), ...parts, ...rest].join('\n\n');
}

/** At most so many characters, none of them cut in two. */
export function atMost(longest: number, text: string): string {
  const characters = Array.from(text);
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}…`;
}
