import { channelSecretNames, Secret, type Channel, type ChannelSecrets } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import type { ChannelRow } from '../entities/notifications.ts';
import { channelContext } from '../sealed.ts';

type Texts = { [name in (typeof channelSecretNames)[number]]?: string };

/** All secrets of a channel as one sealed text; null where it has none. @param id as the row has it: in lower case */
export function sealChannel(box: SecretBox, id: string, secrets: ChannelSecrets): string | null {
  const texts: Texts = {};
  for (const name of channelSecretNames) {
    const secret = secrets[name];
    if (secret) texts[name] = secret.reveal();
  }
  if (Object.keys(texts).length === 0) return null;
  return box.seal(new Secret(JSON.stringify(texts)), channelContext(id));
}

/** A channel whose row was read. */
export function openChannel(box: SecretBox, row: ChannelRow): Channel {
  const texts = row.secrets === null ? {} : (JSON.parse(opened(box, row.id, row.secrets)) as Texts);
  const secrets = Object.entries(texts).map(([name, text]) => [name, new Secret(text)]);
  return { ...row, secrets: Object.fromEntries(secrets) as ChannelSecrets };
}

const opened = (box: SecretBox, id: string, sealed: string): string => box.open(sealed, channelContext(id)).reveal();
