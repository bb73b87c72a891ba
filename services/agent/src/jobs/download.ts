import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseManifest, readingStreams } from '@holdfast/pipeline';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, noKeys } from '@holdfast/shared/domain';
import { NoAnswer } from '../http/errors.ts';
import { persist } from '../http/persist.ts';
import { readBody, send } from '../http/send.ts';
import { spoolMode } from '../spool.ts';
import type { JobRun } from './context.ts';

const longestManifest = 1024 * 1024;

/**
 * @param expectedSha256 of the manifest as it was written, where the service says it
 * @throws HoldfastError integrity when it is no manifest, another backup's, or another one than was written
 */
export async function readManifest(
  link: string,
  expectedSha256: string | null | undefined,
  run: JobRun,
): Promise<Manifest> {
  const { signal, pace, job } = run;
  const text = await persist('reading the manifest', run, async () => {
    const response = await send({ method: 'GET', url: new URL(link), signal, idleSeconds: pace.idleSeconds });
    return String(await readBody(response, longestManifest));
  });
  const stored = asStored(text);
  const manifest = parseManifest(stored, 'of the backup');
  if (expectedSha256 && createHash('sha256').update(stored).digest('hex') !== expectedSha256) {
    throw new HoldfastError('integrity', 'The manifest of the backup was replaced by another one.');
  }
  if (manifest.backupId !== job.backup_id) {
    throw new HoldfastError('integrity', 'The manifest belongs to another backup.');
  }
  return manifest;
}

/**
 * Downloads a file of a backup into the spool and reads it there from beginning to end.
 * @throws HoldfastError integrity unless every byte, stored and decoded, is the one that the manifest promises
 */
export async function download(link: string, file: ManifestFile, run: JobRun): Promise<void> {
  const { spool, job, signal, pace } = run;
  await spool.mustHold(file.stored.size);
  const path = spool.path(job.id, 'restore');
  await persist('the download', run, async () => {
    const response = await send({ method: 'GET', url: new URL(link), signal, idleSeconds: pace.idleSeconds });
    const target = createWriteStream(path, { mode: spoolMode, flags: 'w' });
    let refused: Error | null = null;
    target.once('error', (error) => {
      refused = error;
    });
    await pipeline(response, target, { signal }).catch((error: Error) => {
      signal.throwIfAborted();
      throw refused
        ? spool.explain(refused)
        : new NoAnswer(`The download broke off: ${error.message}`, { cause: error });
    });
  });
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  let damage: unknown = null;
  const streams = readingStreams(file, noKeys, (error) => {
    damage ??= error;
  });
  await pipeline([createReadStream(path), ...streams, discard], { signal }).catch((error: unknown) => {
    throw damage ?? error;
  });
}

/** The service's own answer has the same content in other white space than the stored one. */
function asStored(text: string): Buffer {
  try {
    return Buffer.from(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
  } catch {
    return Buffer.from(text);
  }
}
