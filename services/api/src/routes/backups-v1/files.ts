import type { Backup, BackupFile, Destination } from '@holdfast/shared/domain';
import { z } from 'zod';
import { bytesView, idView } from '../../presenters/values.ts';
import { fileLink, withStore, type Linking } from '../databases/archive.ts';
import { downloadOf, isDecrypted } from '../encrypted.ts';
import { sizeText } from './size-text.ts';

export const fileView = z.strictObject({
  id: idView,
  name: z.string().meta({ description: 'The whole key of the stored object.' }),
  size: z.string().meta({ description: 'Bytes of the download, for people.' }),
  size_bytes: bytesView,
  url: z.url().meta({ description: 'Downloads the file without a header, until it expires.' }),
});

/** Files of one backup, each with a fresh link. */
export async function presentFiles(
  call: Linking,
  backup: Backup,
  files: readonly BackupFile[],
): Promise<z.input<typeof fileView>[]> {
  if (files.length === 0) return [];
  const decrypted = await isDecrypted(call.deps, backup);
  return await withStore(call.deps, backup, (store, destination) =>
    Promise.all(
      files.map(async (file) => {
        const { size } = downloadOf(file, decrypted);
        return {
          id: file.id,
          name: `${prefixOf(destination)}${file.key}`,
          size: sizeText(size),
          size_bytes: size,
          url: await fileLink(call, store, backup, file),
        };
      }),
    ),
  );
}

/** What a destination puts before every key. */
export function prefixOf({ type, settings }: Destination): string {
  if (type !== 'local') return settings.prefix;
  return settings.path === '' ? '' : `${settings.path}/`;
}
