import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, type EngineContext, type Keys, type ObjectStore } from '@holdfast/shared/domain';
import { FirstCause } from './first-cause.ts';
import { readingStreams } from './read-file.ts';
import { StallGuard, Watchdog, type StallLimits } from './stall.ts';

/** How long the engine may take to end after it was told to: it may be past the point from which it goes on to the end. */
const patienceMs = 90_000;

export interface Feeding {
  store: ObjectStore;
  /** As `keysFor` gives them. */
  keys: Keys;
  limits: StallLimits;
  /** Ends the work; its reason is then what is thrown. */
  signal: AbortSignal;
}

/**
 * Streams one stored file, decoded, into a work of an engine. Its input ends only when every byte, stored and plain, was the
 * one that the manifest promises; before that it is destroyed, so the engine never finishes on damaged content.
 * @throws whatever failed first
 */
export async function feedEngine<T>(
  { store, keys, signal, limits }: Feeding,
  file: ManifestFile,
  work: (input: Readable, context: EngineContext) => Promise<T>,
  onBytes: (plainSoFar: number) => void,
): Promise<T> {
  const first = new FirstCause(patienceMs);
  let report: { of: T } | null = null;
  const program = {
    seconds: limits.restoreSeconds,
    stoodStill: 'the database took no byte of the restore nor finished',
  };
  const watchdog = new Watchdog(program, first.note);
  const fromStore = { seconds: limits.storeSeconds, stoodStill: 'the store gave no byte of the backup' };
  const streams = [
    new StallGuard(fromStore, null),
    ...readingStreams(file, keys, first.note, (soFar) => {
      watchdog.touch();
      onBytes(soFar);
    }),
  ] as const;
  first.watch(streams);
  const input = streams.at(-1) ?? streams[0];
  const read = async (): Promise<void> => {
    const source = await store.get(file.key, { signal: first.signal });
    await pipeline([source, ...streams], { signal: first.signal });
  };
  const write = async (): Promise<T> => {
    const done = await work(input, { signal: first.signal });
    if (!input.readableEnded) {
      throw new HoldfastError('restore_failed', `The restore ended before it had read the whole of ${file.name}.`);
    }
    report = { of: done };
    return done;
  };
  try {
    return await first.join(signal, () => [write(), read()]);
  } catch (error) {
    // Whoever ended it came too late: the content, proven whole, is in place, and to say anything else would be a lie.
    const done = report as { of: T } | null;
    if (done !== null) return done.of;
    throw error;
  } finally {
    watchdog.stop();
  }
}
