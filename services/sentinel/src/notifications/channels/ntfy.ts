import type { Channel, Severity } from '@holdfast/shared/domain';
import type { GuardedRequest } from '@holdfast/shared/security';
import { atMost, plainText, type Message } from '../message.ts';
import { urlOf } from './url.ts';

const priorities: Readonly<Record<Severity, number>> = { critical: 5, warning: 4, info: 3 };
const tags: Readonly<Record<Severity, string>> = {
  critical: 'rotating_light',
  warning: 'warning',
  info: 'information_source',
};
const quietPriority = 2;

/** Published as JSON to the server of the topic, which is the last part of the URL: headers hold ASCII alone. */
export function ntfyRequest(channel: Channel, message: Message): GuardedRequest {
  const { title, severity, isQuiet, link } = message;
  const url = new URL(urlOf(channel));
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const topic = decodeURIComponent(parts.pop() ?? '');
  const { token } = channel.secrets;
  return {
    method: 'POST',
    url: `${url.origin}/${parts.join('/')}`,
    headers: token ? { authorization: `Bearer ${token.reveal()}` } : {},
    body: JSON.stringify({
      topic,
      title: atMost(200, title),
      message: atMost(3000, plainText(message)),
      priority: isQuiet ? quietPriority : priorities[severity],
      tags: [tags[severity]],
      ...(link === null ? {} : { click: link }),
    }),
  };
}
