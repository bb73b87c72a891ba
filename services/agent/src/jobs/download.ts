import { createReadStream, createWriteStream } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readingStreams } from '@holdfast/pipeline';
import { manifestSchema, type Manifest, type ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import { NoAnswer } from '../http/errors.ts';
import { persist } from '../http/persist.ts';
import { readBody, send } from '../http/send.ts';
import { spoolMode } from '../spool.ts';
import type { JobRun } from './context.ts';

const longestManifest = 1024 * 1024;

/** @throws HoldfastError integrity when it is no manifest, or another backup's */
export async function readManifest(link: string, run: JobRun): Promise<Manifest> {
  const { signal, pace, job } = run;
  const text = await persist('reading the manifest', run, async () => {
    const response = await send({ method: 'GET', url: new URL(link), signal, idleSeconds: pace.idleSeconds });
    return String(await readBody(response, longestManifest));
  });
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new HoldfastError('integrity', 'The manifest of the backup cannot be read.');
  if (parsed.data.backupId !== job.backup_id) {
    throw new HoldfastError('integrity', 'The manifest belongs to another backup.');
  }
  return parsed.data;
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
  const streams = readingStreams(file, (error) => {
    damage ??= error;
  });
  await pipeline([createReadStream(path), ...streams, discard], { signal }).catch((error: unknown) => {
    throw damage ?? error;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
