import type { Channel, Severity } from '@holdfast/shared/domain';
import type { GuardedRequest } from '@holdfast/shared/security';
import { atMost, utc, type Entry, type Message } from '../message.ts';
import { post } from './url.ts';

const colours: Readonly<Record<Severity, string>> = { critical: 'Attention', warning: 'Warning', info: 'Good' };

/** What a text block would read as a link. */
const escaped = (text: string): string => text.replaceAll(/[[\]]/g, (sign) => `\\${sign}`);

const block = (text: string, more: object = {}) => ({
  type: 'TextBlock',
  text: atMost(2000, escaped(text)),
  wrap: true,
  ...more,
});

const openUrl = (link: string | null) => (link === null ? [] : [{ type: 'Action.OpenUrl', title: 'Look', url: link }]);

const container = (entry: Entry) => ({
  type: 'Container',
  separator: true,
  items: [
    block(entry.heading, { weight: 'Bolder', color: colours[entry.severity] }),
    block(entry.text),
    block(`Since ${utc(entry.since)}.`, { isSubtle: true, spacing: 'Small' }),
    ...(entry.link === null ? [] : [{ type: 'ActionSet', actions: openUrl(entry.link) }]),
  ],
});

/** An Adaptive Card, as a Workflow "when a Teams webhook request is received" posts it. */
export function teamsRequest(channel: Channel, { title, intro, entries, more, link }: Message): GuardedRequest {
  const body = [
    block(title, { size: 'Medium', weight: 'Bolder' }),
    ...(intro === null ? [] : [block(intro)]),
    ...entries.map(container),
    ...(more > 0 ? [block(`And ${more} more.`)] : []),
  ];
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body,
    actions: entries.length === 0 ? openUrl(link) : [],
  };
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content };
  return post(channel, { type: 'message', attachments: [attachment] });
}
