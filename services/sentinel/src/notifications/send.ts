import type { ClaimedDelivery } from '@holdfast/persistence';
import { backoffSeconds, HoldfastError, isUnusable, Secret, type DeliveryEnd } from '@holdfast/shared/domain';
import {
  redact,
  sendGuarded,
  whyNoAnswer,
  type AddressGuard,
  type GuardedAnswer,
  type GuardedRequest,
} from '@holdfast/shared/security';
import { discordRequest } from './channels/discord.ts';
import { sendMail } from './channels/mail.ts';
import { ntfyRequest } from './channels/ntfy.ts';
import { pingRequest } from './channels/ping.ts';
import { slackRequest } from './channels/slack.ts';
import { teamsRequest } from './channels/teams.ts';
import { webhookRequest } from './channels/webhook.ts';
import { atMost, messageOf, type Message } from './message.ts';

export interface SendOptions {
  guard: AddressGuard;
  /** Of our page; null: messages have no links. */
  publicUrl: string | null;
  now: Date;
  /** In [0, 1), for jitter. */
  random: number;
  signal: AbortSignal;
}

/** Of what the other side answers. */
const mostBytes = 2048;
/** Together about a day. */
const backoff = { baseSeconds: 5, capSeconds: 14_400 };
const longestRestSeconds = 3600;

const tooLate = 'It got no answer in time.';

/** Makes one attempt. @returns how it ended, whatever happened */
export async function send(delivery: ClaimedDelivery, options: SendOptions): Promise<DeliveryEnd> {
  const retryInSeconds = backoffSeconds(backoff, delivery.attempts, options.random);
  const secrets = secretsOf(delivery);
  const failed = (error: unknown): DeliveryEnd => ({
    outcome: isFinal(error) ? 'failed' : 'again',
    error: options.signal.aborted ? tooLate : atMost(1000, sentenceOf(error, secrets)),
    answerStatus: smtpStatus(error),
    answer: null,
    retryInSeconds,
    restSeconds: 0,
  });
  try {
    const message = messageOf(delivery, options.publicUrl);
    if (delivery.channel.type === 'email') {
      const said = await sendMail(delivery.channel, message, options);
      const answer = storable(redact(said, secrets));
      return { outcome: 'delivered', error: null, answerStatus: 250, answer, retryInSeconds, restSeconds: 0 };
    }
    const request = requestOf(delivery, message, options.now);
    return judge(await sendGuarded(request, { ...options, secrets, mostBytes }), retryInSeconds, options.now);
  } catch (error) {
    return failed(error);
  }
}

function requestOf(delivery: ClaimedDelivery, message: Message, now: Date): GuardedRequest {
  const { channel } = delivery;
  switch (channel.type) {
    case 'webhook':
      return webhookRequest(channel, message, now);
    case 'slack':
      return slackRequest(channel, message);
    case 'discord':
      return discordRequest(channel, message);
    case 'teams':
      return teamsRequest(channel, message);
    case 'ntfy':
      return ntfyRequest(channel, message);
    case 'ping':
      return pingRequest(delivery);
    case 'email':
      throw new Error('Mail is no request.');
  }
}

/** What must be in no answer and no error: the secrets, and of a URL also its path, which others may repeat. */
function secretsOf({ channel: { secrets } }: ClaimedDelivery): Secret[] {
  const { url } = secrets;
  const all = Object.values(secrets).filter((secret) => secret instanceof Secret);
  if (!url || isUnusable(url)) return all;
  const { pathname, search } = new URL(url.reveal());
  const parts = [pathname + search, pathname, search.slice(1)].filter((part) => part.length > 8);
  return [...all, ...parts.map((part) => new Secret(part))];
}

function judge({ status, headers, text }: GuardedAnswer, retryInSeconds: number, now: Date): DeliveryEnd {
  const answered = { answerStatus: status, answer: storable(text), retryInSeconds };
  if (status >= 200 && status < 300) return { ...answered, outcome: 'delivered', error: null, restSeconds: 0 };
  const passes = status === 408 || status === 429 || status >= 500;
  const rest = passes ? retryAfter(headers['retry-after'], now) : 0;
  return {
    ...answered,
    outcome: passes ? 'again' : 'failed',
    error: wrongAnswer(status),
    retryInSeconds: Math.max(retryInSeconds, rest),
    restSeconds: rest,
  };
}

function wrongAnswer(status: number): string {
  if (status >= 300 && status < 400) return `It was answered with ${status}, a redirect, which is not followed.`;
  if (status === 404 || status === 410) {
    return `It was answered with ${status}: there is nothing at its address any more. Give the channel its new address.`;
  }
  return `It was answered with ${status}.`;
}

/** Seconds, from a number of them or a date. */
function retryAfter(header: string | undefined, now: Date): number {
  if (header === undefined) return 0;
  const seconds = /^\d+$/.test(header) ? Number(header) : (new Date(header).getTime() - now.getTime()) / 1000;
  return Number.isFinite(seconds) ? Math.min(longestRestSeconds, Math.max(0, seconds)) : 0;
}

interface MailError {
  code?: unknown;
  responseCode?: unknown;
}

function smtpStatus(error: unknown): number | null {
  const { responseCode } = error as MailError;
  return typeof responseCode === 'number' ? responseCode : null;
}

/** Refused before it was sent, or by a mail server for good. */
function isFinal(error: unknown): boolean {
  const status = smtpStatus(error);
  return status === null ? error instanceof HoldfastError : status >= 500;
}

function sentenceOf(error: unknown, secrets: readonly Secret[]): string {
  if (smtpStatus(error) !== null)
    return storable(redact(`The mail server refused it: ${(error as Error).message}`, secrets));
  const { refused, words } = whyNoAnswer(error, secrets);
  return storable(refused ? `It was not sent: ${words}` : `It got no answer: ${words}`);
}

/** Text that a row can hold. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '');
