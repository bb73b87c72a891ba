import { Readable } from 'node:stream';
import { contentFormat, contentSchema, type Manifest } from '@holdfast/shared/contracts';
import { HoldfastError, type ContentManifest, type Keys, type ObjectStore } from '@holdfast/shared/domain';
import { keysFor } from './keys.ts';
import { readBytes } from './read-bytes.ts';

const fileName = 'content.json';

/** More than any database's names need; what is longer is no content manifest. */
const largestContent = 512 * 1024 * 1024;

/** A content manifest as a file of a backup. */
export function contentFile(content: ContentManifest): { stream: Readable; fileName: string; format: string } {
  const text = `${JSON.stringify(contentSchema.parse(content), null, 1)}\n`;
  return { stream: Readable.from([Buffer.from(text)], { objectMode: false }), fileName, format: contentFormat };
}

/**
 * Reads the content manifest of a backup, and proves its bytes as those of any file.
 * @returns null when the backup has none
 * @throws HoldfastError integrity, object_missing, key_missing; configuration, when a newer version has written it
 */
export async function readContentFile(
  store: ObjectStore,
  manifest: Manifest,
  keys: Keys,
  signal: AbortSignal,
): Promise<ContentManifest | null> {
  const file = manifest.files.find(({ role }) => role === 'content');
  if (!file) return null;
  if (file.format !== contentFormat) {
    throw new HoldfastError(
      'configuration',
      `${file.key} has the format "${file.format}", which this version does not read: use the version that made the backup.`,
    );
  }
  const limit = { atMost: largestContent, what: 'content manifest' };
  const parsed = contentSchema.safeParse(
    parseJson(await readBytes(store, file, keysFor(manifest, keys), signal, limit)),
  );
  if (!parsed.success) throw new HoldfastError('integrity', `${file.key} is no content manifest.`);
  return parsed.data;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
