import type { Persistence, SecretRepository } from '@holdfast/persistence';
import { onRecord } from './audit/on-record.ts';

/** What the service's keys seal and what the keys of backups open, in lines for people. */
export async function describeKeys(secrets: Pick<SecretRepository, 'sealedBy' | 'openedBy'>): Promise<string[]> {
  const sealed = (await secrets.sealedBy()).map(({ keyId, secrets: count, inUse, known }) => {
    if (!known) return `${keyId}  seals ${count}, and is NOT configured: they cannot be opened`;
    if (inUse) return `${keyId}  seals ${count}, in use`;
    return `${keyId}  seals ${count}${count === 0 ? ', can be removed' : ': rotate before it is removed'}`;
  });
  const opened = (await secrets.openedBy()).map(
    ({ recipient, backups }) => `${recipient}  opens ${backups === 1 ? '1 backup' : `${backups} backups`}`,
  );
  return [
    'Stored secrets, by the keys that seal them:',
    ...sealed.map((line) => `  ${line}`),
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
