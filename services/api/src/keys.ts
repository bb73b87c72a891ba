import type { Persistence, SecretCount, SecretRepository } from '@holdfast/persistence';
import { onRecord } from './audit/on-record.ts';

/** What the service's keys seal and what the keys of backups open, in lines for people. */
export async function describeKeys(
  secrets: Pick<SecretRepository, 'sealedBy' | 'openedBy' | 'forgotten'>,
): Promise<string[]> {
  const sealed = (await secrets.sealedBy()).map(({ keyId, secrets: count, inUse, known }) => {
    if (!known)
      return `${keyId}  seals ${count}, and is NOT configured: add it to HOLDFAST_SECRET_KEYS, or see forget-secrets`;
    if (inUse) return `${keyId}  seals ${count}, in use`;
    return `${keyId}  seals ${count}${count === 0 ? ', can be removed' : ': rotate before it is removed'}`;
  });
  const forgotten = (await secrets.forgotten()).map(countLine);
  const opened = (await secrets.openedBy()).map(
    ({ recipient, backups }) => `${recipient}  opens ${backups === 1 ? '1 backup' : `${backups} backups`}`,
  );
  return [
    'Stored secrets, by the keys that seal them:',
    ...sealed.map((line) => `  ${line}`),
    ...(forgotten.length === 0 ? [] : ['Forgotten, and to be set again:', ...forgotten]),
    'Encrypted backups, by the public keys that open them:',
    ...(opened.length === 0 ? ['  none'] : opened.map((line) => `  ${line}`)),
  ];
}

/** Seals all stored secrets with the key in use. @returns what was done and what to do next, in lines for people */
export async function rotateKeys({ secrets, audit }: Pick<Persistence, 'secrets' | 'audit'>): Promise<string[]> {
  const rotation = { accountId: null, by: 'the command line', action: 'keys.rotate' } as const;
  const resealed = await onRecord(audit, rotation, () => secrets.reseal());
  const keys = await secrets.sealedBy();
  const inUse = keys.find((key) => key.inUse)?.keyId ?? '';
  const idle = keys.filter((key) => !key.inUse && key.known && key.secrets === 0).map(({ keyId }) => keyId);
  return [
    `${resealed} secrets were sealed anew; all are sealed with key "${inUse}" now.`,
    idle.length > 0
      ? `No secret needs ${idle.join(', ')} any more. Remove it from HOLDFAST_SECRET_KEYS when every service has the new key first; links to downloads that it signed end with it.`
      : 'There is no other key. To rotate, put a new one first in HOLDFAST_SECRET_KEYS of every service, then call this again.',
  ];
}

/**
 * Marks the stored secrets that no configured key opens as forgotten; without `yes` it only counts them.
 * @returns what was found or done and what to do next, in lines for people
 */
export async function forgetSecrets(
  { secrets, audit }: Pick<Persistence, 'secrets' | 'audit'>,
  yes: boolean,
): Promise<string[]> {
  const lost = await secrets.lost();
  if (lost.length === 0) return ['Every stored secret opens with the configured keys: there is nothing to forget.'];
  if (!yes) {
    return [
      'No configured key opens these:',
      ...lost.map(countLine),
      'Nothing was changed. Where the key can be found, add it to HOLDFAST_SECRET_KEYS instead. To forget them for good: forget-secrets --yes.',
    ];
  }
  const forgetting = { accountId: null, by: 'the command line', action: 'keys.forget' } as const;
  const marked = await onRecord(audit, forgetting, () => secrets.forget());
  return [
    'Forgotten:',
    ...marked.map(countLine),
    'Set them again: what needs one fails until then and names it. The API marks them with "forgotten", and "status" counts them.',
  ];
}

const countLine = ({ what, secrets }: SecretCount): string => `  ${what}: ${secrets}`;
