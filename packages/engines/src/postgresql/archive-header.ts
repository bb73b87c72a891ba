import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { CutOff, readHeader } from './archive-bytes.ts';

/**
 * Looks at the beginning of an archive and puts it back.
 * @returns the major of the `pg_dump` that wrote it, or null when that cannot be seen
 */
export async function archiveMajor(input: Readable): Promise<number | null> {
  const head = await nextBytes(input);
  if (head === null) return null;
  input.unshift(head);
  try {
    return readHeader(head)?.major ?? null;
  } catch (error) {
    if (error instanceof CutOff) return null;
    throw error;
  }
}

/** @returns null at the end. @throws what the input failed with */
export async function nextBytes(input: Readable): Promise<Buffer | null> {
  let bytes = input.read() as Buffer | null;
  while (bytes === null && !input.readableEnded && !input.destroyed) {
    await change(input);
    bytes = input.read() as Buffer | null;
  }
  return bytes;
}

/** Waits until there is something to read or nothing will come. @throws what the input failed with */
async function change(input: Readable): Promise<void> {
  const listening = new AbortController();
  const { signal } = listening;
  const events = ['readable', 'end', 'close'].map(async (event) => once(input, event, { signal }));
  try {
    await Promise.race(events);
  } finally {
    listening.abort();
  }
}
