import type { Channel, Severity } from '@holdfast/shared/domain';
import type { GuardedRequest } from '@holdfast/shared/security';
import { atMost, linesOf, type Message } from '../message.ts';
import { post } from './url.ts';

const colours: Readonly<Record<Severity, number>> = { critical: 0xd32f2f, warning: 0xf9a825, info: 0x00796b };

/** What would be markup or a mention; `\` goes before it. */
const escaped = (text: string): string => text.replaceAll(/[\\*_~`|>[\]()#@<-]/g, (sign) => `\\${sign}`);

/** A webhook of a channel: one embed for each event, below the 6000 characters that all of them may have. */
export function discordRequest(channel: Channel, message: Message): GuardedRequest {
  const { title, intro, entries, more, severity } = message;
  const embeds = entries.map((entry) => ({
    title: atMost(100, escaped(entry.heading)),
    description: atMost(420, linesOf({ ...entry, text: escaped(entry.text), link: null }).join('\n')),
    color: colours[entry.severity],
    ...(entry.link === null ? {} : { url: entry.link }),
    timestamp: message.at.toISOString(),
  }));
  const lone = intro === null || embeds.length > 0 ? [] : [{ description: escaped(intro), color: colours[severity] }];
  const lines = [
    title,
    ...(lone.length === 0 && intro !== null ? [intro] : []),
    ...(more > 0 ? [`And ${more} more.`] : []),
  ];
  return post(channel, {
    username: 'Holdfast',
    content: atMost(1900, escaped(lines.join('\n'))),
    embeds: [...embeds, ...lone],
    allowed_mentions: { parse: [] },
  });
}
