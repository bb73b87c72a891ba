import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { keysFor, readingStreams } from '@holdfast/pipeline';
import type { ManifestFile } from '@holdfast/shared/contracts';
import type { Backup, BackupFile, ChecksumType, Keys, ObjectStore } from '@holdfast/shared/domain';
import { storedOf } from '../remote/complete.ts';

/** Bytes `start` to `end`, both included, counted from 0. */
export interface Part {
  start: number;
  end: number;
}

export interface FileContent {
  backup: Pick<Backup, 'recipients'>;
  file: BackupFile;
  /** Whether its encryption is taken off. */
  decrypted: boolean;
  keys: Keys;
  store: ObjectStore;
  signal: AbortSignal;
}

/**
 * Opens what a file holds, for as long as nothing destroys it. Whatever is read to its last byte ends only when size and digest
 * are the recorded ones; otherwise it is destroyed with `integrity` before it has given everything. A part of an encrypted
 * file is read from the beginning, as nothing else proves it; a part of another one is given as the store gives it.
 * @throws HoldfastError object_missing
 */
export async function openContent(
  { backup, file, decrypted, keys, store, signal }: FileContent,
  part: Part | null,
): Promise<Readable> {
  if (part && !decrypted) return await store.get(file.key, { signal, range: part });
  const source = await store.get(file.key, { signal });
  const streams = readingStreams(describe(file, decrypted), keysFor(backup, keys), () => undefined);
  const content = streams.at(-1) ?? streams[0];
  // What breaks these breaks the content as well, and so is heard of there.
  pipeline([source, ...streams]).catch(() => undefined);
  return part ? Readable.from(cut(content, part), { objectMode: false }) : content;
}

/** The file as if what comes down were all that there is to decode. */
function describe(file: BackupFile, decrypted: boolean): Pick<ManifestFile, 'key' | 'codecs' | 'plain' | 'stored'> {
  const { key, size, checksum, unencryptedSize, unencryptedSha256 } = file;
  const [type = '', digest = ''] = checksum.split(':');
  const isMeasured = decrypted && unencryptedSize !== null && unencryptedSha256 !== null;
  return {
    key,
    codecs: decrypted ? ['age'] : [],
    plain: isMeasured ? { size: unencryptedSize, sha256: unencryptedSha256 } : null,
    stored: storedOf(size, { type: type as ChecksumType, digest }),
  };
}

/** A part that reaches the end is followed to it, so that it is compared. */
async function* cut(content: Readable, { start, end }: Part): AsyncGenerator<Buffer> {
  let position = 0;
  for await (const chunk of content) {
    const bytes = chunk as Buffer;
    const wanted = bytes.subarray(Math.max(0, start - position), end + 1 - position);
    position += bytes.length;
    if (wanted.length > 0) yield wanted;
    if (position > end + 1) return;
  }
}
