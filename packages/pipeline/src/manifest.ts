import { manifestSchema, type Manifest } from '@holdfast/shared/contracts';
import { HoldfastError, manifestName, type ObjectStore } from '@holdfast/shared/domain';
import { getBytes, putText } from './objects.ts';

const largestManifest = 4 * 1024 * 1024;

/** The folder of a manifest: every file of the backup lies in it. */
function folderOf(manifestKey: string): string {
  return manifestKey.slice(0, -manifestName.length);
}

/** Writes the manifest, which makes the backup whole, and reads it back. @returns its key */
export async function writeManifest(
  store: ObjectStore,
  prefix: string,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<string> {
  const key = prefix + manifestName;
  const text = `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`;
  await putText(store, key, text, { signal, contentType: 'application/json' });
  return key;
}

/**
 * Reads a manifest and checks that it is one and that its files lie beside it.
 * @throws HoldfastError object_missing, integrity
 */
export async function readManifest(store: ObjectStore, key: string, signal: AbortSignal): Promise<Manifest> {
  const bytes = await getBytes(store, key, largestManifest, signal);
  const parsed = manifestSchema.safeParse(bytes && parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HoldfastError(
      'integrity',
      `The manifest ${key} is damaged or of a newer version: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not readable'}.`,
    );
  }
  const stray = parsed.data.files.find((file) => file.key !== folderOf(key) + file.name);
  if (stray) {
    throw new HoldfastError('integrity', `The manifest ${key} names a file outside its folder: ${stray.key}.`);
  }
  return parsed.data;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
