import { keysFor, mayOpen } from '@holdfast/pipeline';
import { backupKeysOf } from '@holdfast/shared/config';
import type { Backup, BackupFile } from '@holdfast/shared/domain';
import type { ApiDeps } from '../deps.ts';

/** Whether the files of a backup are decrypted on their way out: they are encrypted, and we have a key that opens them. */
export async function isDecrypted({ settings }: ApiDeps, backup: Pick<Backup, 'recipients'>): Promise<boolean> {
  return backup.recipients !== null && (await mayOpen(keysFor(backup, backupKeysOf(settings))));
}

/** What comes down when a file is downloaded. */
export type Download = Pick<BackupFile, 'name' | 'size' | 'checksum'>;

/** @param decrypted whether it is decrypted on its way */
export function downloadOf(file: BackupFile, decrypted: boolean): Download {
  const { name, size, checksum, unencryptedSize, unencryptedSha256 } = file;
  if (!decrypted || unencryptedSize === null || unencryptedSha256 === null) return { name, size, checksum };
  return { name: name.replace(/\.age$/, ''), size: unencryptedSize, checksum: `sha256:${unencryptedSha256}` };
}
