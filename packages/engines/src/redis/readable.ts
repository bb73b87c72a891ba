import type { Readable } from 'node:stream';
import type { EngineContext } from '@holdfast/shared/domain';
import { faultOf } from './faults.ts';
import { RdbWalker } from './rdb/index.ts';

/** Walks an archive to its end, where its checksum has to be right. */
export async function checkReadable(input: Readable, { signal }: EngineContext): Promise<void> {
  const walker = new RdbWalker({}, { values: false, allowsNoChecksum: false, mayFollow: 0 });
  const onAbort = (): void => void input.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    for await (const chunk of input as AsyncIterable<Buffer>) walker.write(chunk);
    walker.end();
  } catch (error) {
    input.destroy();
    throw signal.aborted ? signal.reason : faultOf(error, 'integrity');
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
