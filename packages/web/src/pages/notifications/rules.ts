import type { Channel } from '../../data/notifications.ts';
import { eventInWords, type RuleEvent } from './events.ts';

export type Rules = Channel['rules'];
type Severity = Rules['least_severity'];
export type Told = 'alerts' | 'everything' | 'own';

export const everything: readonly RuleEvent[] = ['alert', 'backup', 'restore'];

export const newRules = (): Rules => ({
  events: null,
  least_severity: 'warning',
  databases: null,
  digest_minutes: null,
  repeat_hours: 24,
  most_per_hour: 60,
});

export function toldOf({ events }: Pick<Rules, 'events'>): Told {
  if (events === null) return 'alerts';
  return events.length === everything.length && everything.every((event) => events.includes(event))
    ? 'everything'
    : 'own';
}

const severities: Record<Severity, string> = {
  critical: 'critical ones alone',
  warning: 'warnings and worse',
  info: 'of any severity',
};

const every = (minutes: number): string => (minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`);

/** What a channel is told of, in a sentence. */
export function rulesInWords(rules: Rules): string {
  const { events, databases, digest_minutes: digest, repeat_hours: repeat } = rules;
  const what = {
    alerts: 'Alerts',
    everything: 'Alerts, backups and restores',
    own: (events ?? []).map(eventInWords).join(', '),
  }[toldOf(rules)];
  const whose = databases === null ? 'of all databases' : `of ${databases.length} chosen databases`;
  const when = digest === null ? 'at once' : `collected for ${every(digest)}`;
  const again = repeat === null ? 'told once' : `again after ${every(repeat * 60)} while it lasts`;
  return `${what} ${whose}, ${severities[rules.least_severity]}; ${when}, ${again}.`;
}
