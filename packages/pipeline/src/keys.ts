import type { ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, type Keys, type ObjectStore } from '@holdfast/shared/domain';
import { keyMissing, openerOf, recipientOf } from './codecs/age.ts';
import { getStart } from './objects.ts';

/** More than the header of a file has that is encrypted to as many keys as can be configured. */
const longestHeader = 64 * 1024;

/** The keys to read a backup with: what it was encrypted to, by its manifest or its row, and our identities. */
export function keysFor({ recipients }: { recipients: readonly string[] | null }, { identities }: Keys): Keys {
  return { recipients: recipients ?? [], identities };
}

export const isEncrypted = ({ codecs }: Pick<ManifestFile, 'codecs'>): boolean => codecs.includes('age');

/**
 * Looks which of the identities opens an encrypted file of a backup, by its header alone.
 * @param keys as `keysFor` gives them
 * @returns the public key of that identity, or null when none opens it
 * @throws HoldfastError integrity when the header is damaged; object_missing
 */
export async function canOpen(
  store: ObjectStore,
  file: ManifestFile,
  keys: Keys,
  signal: AbortSignal,
): Promise<string | null> {
  if (!isEncrypted(file)) throw new HoldfastError('internal', `${file.key} is not encrypted: every key opens it.`);
  const length = Math.max(1, Math.min(longestHeader, file.stored.size));
  return await openerOf(await getStart(store, file.key, length, signal), keys);
}

/** @throws HoldfastError key_missing unless every encrypted one of the files can be opened; integrity, object_missing */
export async function mustOpen(
  store: ObjectStore,
  files: readonly ManifestFile[],
  keys: Keys,
  signal: AbortSignal,
): Promise<void> {
  for (const file of files.filter(isEncrypted)) {
    if ((await canOpen(store, file, keys, signal)) === null) throw keyMissing(keys);
  }
}

/** Whether one of the identities belongs to one of the recipients. */
export async function mayOpen({ recipients, identities }: Keys): Promise<boolean> {
  const own = await Promise.all(identities.map(recipientOf));
  return own.some((recipient) => recipients.includes(recipient));
}

/** What whoever runs the service should know of its keys at the start, a sentence; null where there is nothing. */
export async function adviceOn(keys: Keys): Promise<string | null> {
  if (keys.recipients.length === 0 || keys.identities.length === 0 || (await mayOpen(keys))) return null;
  return 'None of HOLDFAST_BACKUP_IDENTITIES belongs to a key of HOLDFAST_BACKUP_RECIPIENTS: new backups can neither be restored nor verified by this service.';
}
