import { Writable } from 'node:stream';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import type { Keys, ObjectStore } from '@holdfast/shared/domain';
import { keysFor } from './keys.ts';
import { readManifest } from './manifest.ts';
import { readInto } from './read-file.ts';

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
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, callback) => callback() });
  await readInto(nowhere, store, file, keys, signal);
}
