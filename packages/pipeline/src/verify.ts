import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import type { Keys, ObjectStore } from '@holdfast/shared/domain';
import { FirstCause } from './first-cause.ts';
import { keysFor } from './keys.ts';
import { readManifest } from './manifest.ts';
import { readingStreams } from './read-file.ts';

/**
 * Reads a stored backup from its manifest to its last byte, decodes it, and compares all sizes and digests.
 * @param manifestSha256 as the record of the backup has it; null where it has none
 * @returns its manifest
 * @throws HoldfastError integrity, object_missing, key_missing
 */
export async function verifyReadable(
  store: ObjectStore,
  manifestKey: string,
  keys: Keys,
  signal: AbortSignal,
  manifestSha256: string | null = null,
): Promise<Manifest> {
  const manifest = await readManifest(store, manifestKey, signal, manifestSha256);
  for (const file of manifest.files) await verifyFile(store, file, keysFor(manifest, keys), signal);
  return manifest;
}

/** The same for one file. @param keys as `keysFor` gives them @throws HoldfastError integrity, object_missing, key_missing */
export async function verifyFile(
  store: ObjectStore,
  file: ManifestFile,
  keys: Keys,
  signal: AbortSignal,
): Promise<void> {
  const first = new FirstCause();
  const streams = readingStreams(file, keys, first.note);
  await first.join(signal, () => [drain(store, file.key, streams, first.signal)]);
}

async function drain(
  store: ObjectStore,
  key: string,
  streams: readonly NodeJS.ReadWriteStream[],
  signal: AbortSignal,
): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, callback) => callback() });
  await pipeline([await store.get(key, { signal }), ...streams, nowhere], { signal });
}
