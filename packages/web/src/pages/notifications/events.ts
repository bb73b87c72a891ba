import type { Channel } from '../../data/notifications.ts';

export type RuleEvent = NonNullable<Channel['rules']['events']>[number];

/** What a channel can be told of, beside groups: kinds of events, and kinds of alerts one by one. */
export const kindsOfEvents = [
  ['alert.raised', 'Alerts that are raised'],
  ['alert.cleared', 'Alerts that are over'],
  ['backup.done', 'Backups that are done'],
  ['backup.failed', 'Backups that failed'],
  ['restore.done', 'Restores that are done'],
  ['restore.failed', 'Restores that failed'],
] as const satisfies readonly (readonly [RuleEvent, string])[];

const groupsOfEvents = [
  ['alert', 'All alerts, raised and over'],
  ['backup', 'All backups'],
  ['restore', 'All restores'],
] as const satisfies readonly (readonly [RuleEvent, string])[];

const words = new Map<string, string>([...kindsOfEvents, ...groupsOfEvents]);

/** `alert.backup_failed` → `Alert: backup failed`. */
export const eventInWords = (event: string): string =>
  words.get(event) ?? `Alert: ${event.replace(/^alert\./, '').replaceAll('_', ' ')}`;
