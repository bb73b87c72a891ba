import {
  channelSecretNames,
  ForgottenSecret,
  isForgotten,
  isUnreadable,
  Secret,
  type Channel,
  type ChannelSecrets,
  type UnreadableSecret,
} from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import type { ChannelRow } from '../entities/notifications.ts';
import { channelContext, openSealed } from '../sealed.ts';

type SecretName = (typeof channelSecretNames)[number];
/** Null for one that was forgotten while others were set again. */
type Texts = { [name in SecretName]?: string | null };

/**
 * All secrets of a channel as one sealed text; null where it has none.
 * @param id as the row has it: in lower case
 * @throws HoldfastError secret_unreadable, when one of them does not open: it would be lost
 */
export function sealChannel(box: SecretBox, id: string, secrets: ChannelSecrets): string | null {
  const texts: Texts = {};
  for (const name of channelSecretNames) {
    const secret = secrets[name];
    if (secret) texts[name] = isForgotten(secret) ? null : secret.reveal();
  }
  if (Object.keys(texts).length === 0) return null;
  return box.seal(new Secret(JSON.stringify(texts)), channelContext(id));
}

/** A channel whose row was read. */
export function openChannel(box: SecretBox, row: ChannelRow): Channel {
  const sealed = row.secrets === null ? null : openSealed(box, row.secrets, channelContext(row.id));
  if (isUnreadable(sealed)) return { ...row, secrets: unreadableOf(row, sealed) };
  const texts = sealed ? textsOf(row, sealed) : {};
  const secrets = Object.entries(texts).map(([name, text]) => [
    name,
    text === null ? forgottenOf(row, name) : new Secret(text),
  ]);
  return { ...row, secrets: Object.fromEntries(secrets) as ChannelSecrets };
}

function textsOf({ type, settings }: ChannelRow, sealed: Secret): Texts {
  if (!isForgotten(sealed)) return JSON.parse(sealed.reveal()) as Texts;
  // Which there were is sealed with them: these are the ones that it cannot do without.
  if (type === 'email') return settings.mail?.user ? { password: null } : {};
  return type === 'webhook' ? { url: null, signingSecret: null } : { url: null };
}

/** Which there are cannot be seen: these are all that it may have been given. */
function unreadableOf({ type, settings }: ChannelRow, sealed: UnreadableSecret): ChannelSecrets {
  if (type === 'email') return settings.mail?.user ? { password: sealed } : {};
  const signingSecret = type === 'webhook' ? { signingSecret: sealed } : {};
  return { url: sealed, ...signingSecret, ...(type === 'ntfy' ? { token: sealed } : {}) };
}

const words: Readonly<Record<SecretName, string>> = {
  url: 'address',
  signingSecret: 'signing secret',
  formerSigningSecret: 'former signing secret',
  password: 'password',
  token: 'token',
};

const forgottenOf = ({ name }: ChannelRow, secret: string): ForgottenSecret =>
  new ForgottenSecret(
    `The ${words[secret as SecretName]} of the channel "${name}" was forgotten with the key that sealed it: set it again.`,
  );
