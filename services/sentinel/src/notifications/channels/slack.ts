import type { Channel } from '@holdfast/shared/domain';
import type { GuardedRequest } from '@holdfast/shared/security';
import { atMost, linesOf, plainText, type Message } from '../message.ts';
import { post } from './url.ts';

/** Slack's limits, with some room for what stands around a text. */
const longestSection = 2900;
const longestText = 3900;

/** What would be markup, a mention or a link. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const section = (text: string) => ({
  type: 'section',
  text: { type: 'mrkdwn', text: atMost(longestSection, text), verbatim: true },
});

/** An incoming webhook: blocks, and a text for notifications and for whoever does not show blocks. */
export function slackRequest(channel: Channel, message: Message): GuardedRequest {
  const { title, intro, entries, more } = message;
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: atMost(150, title) } },
    ...(intro === null ? [] : [section(escaped(intro))]),
    ...entries.map((entry) => section([`*${escaped(entry.heading)}*`, ...linesOf(entry).map(escaped)].join('\n'))),
    ...(more > 0 ? [section(`And ${more} more.`)] : []),
  ];
  return post(channel, { text: atMost(longestText, escaped(`${title}\n${plainText(message)}`)), blocks });
}
