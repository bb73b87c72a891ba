import { Writable } from 'node:stream';
import type { ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, type Keys, type ObjectStore } from '@holdfast/shared/domain';
import { readInto } from './read-file.ts';

/**
 * The proven bytes of a small stored file.
 * @param keys as `keysFor` gives them
 * @param limit in bytes, decoded, and what a longer file cannot be
 * @throws HoldfastError integrity, object_missing, key_missing
 */
export async function readBytes(
  store: ObjectStore,
  file: ManifestFile,
  keys: Keys,
  signal: AbortSignal,
  { atMost, what }: { atMost: number; what: string },
): Promise<Buffer> {
  const all: Buffer[] = [];
  let size = 0;
  const collect = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      all.push(chunk);
      size += chunk.length;
      callback(size > atMost ? new HoldfastError('integrity', `${file.key} is too long for a ${what}.`) : null);
    },
  });
  await readInto(() => collect, store, file, keys, signal);
  return Buffer.concat(all);
}
