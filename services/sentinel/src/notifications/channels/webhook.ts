import { Webhook } from 'standardwebhooks';
import type { Channel, Secret } from '@holdfast/shared/domain';
import type { GuardedRequest } from '@holdfast/shared/security';
import type { Entry, Message } from '../message.ts';
import { urlOf } from './url.ts';

/** Signed as the Standard Webhooks specification has it; for a while by two secrets, where one took the place of another. */
export function webhookRequest(channel: Channel, message: Message, now: Date): GuardedRequest {
  const body = JSON.stringify(bodyOf(message));
  const signatures = signingSecrets(channel, now).map((secret) =>
    new Webhook(secret.reveal()).sign(message.id, now, body),
  );
  return {
    method: 'POST',
    url: urlOf(channel),
    headers: {
      'webhook-id': message.id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': signatures.join(' '),
    },
    body,
  };
}

function signingSecrets({ secrets, settings }: Channel, now: Date): Secret[] {
  const { signingSecret, formerSigningSecret } = secrets;
  const isFormerInUse = settings.formerSecretUntil !== undefined && new Date(settings.formerSecretUntil) > now;
  return [signingSecret, isFormerInUse ? formerSigningSecret : undefined].filter((secret) => secret !== undefined);
}

const bodyOf = ({ type, at, title, intro, severity, link, entries, more }: Message) => ({
  type,
  timestamp: at.toISOString(),
  data: { title, text: intro, severity, link, events: entries.map(eventOf), more },
});

const eventOf = ({ severity, heading, text, database, since, link }: Entry) => ({
  severity,
  heading,
  text,
  database,
  since: since.toISOString(),
  link,
});
