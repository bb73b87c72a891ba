import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { pipeline } from 'node:stream';
import type { EngineContext } from '@holdfast/shared/domain';
import type { Flavour } from './flavour.ts';
import { ArchiveSplitter } from './split.ts';

/** Reads an archive to its end: what makes it one stands in its first lines, at the beginning of lines and at its very end. */
export async function checkReadable(flavour: Flavour, input: Readable, { signal }: EngineContext): Promise<void> {
  const splitter = new ArchiveSplitter(flavour);
  const abort = (): void => void input.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    pipeline(input, splitter, () => undefined);
    splitter.resume();
    await finished(splitter);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
