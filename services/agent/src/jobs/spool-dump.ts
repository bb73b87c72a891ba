import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { gzip, Meter, type Measure } from '@holdfast/pipeline';
import { HoldfastError, type Dump } from '@holdfast/shared/domain';
import { spoolMode, type Spool } from '../spool.ts';

/** Compressed by this codec, which every client that knows the content type can undo. */
export const codec = gzip();

/**
 * Writes a dump, compressed, into the spool, measured on both sides.
 * @throws what the dump failed with, or HoldfastError store_full
 */
export async function spoolDump(
  dump: Dump,
  {
    spool,
    jobId,
    signal,
    onBytes,
  }: { spool: Spool; jobId: string; signal: AbortSignal; onBytes: (plain: number) => void },
): Promise<{ plain: Measure; stored: Measure }> {
  const plain = new Meter(onBytes);
  const stored = new Meter();
  const file = createWriteStream(spool.path(jobId, 'backup'), { mode: spoolMode, flags: 'wx', flush: true });
  try {
    await pipeline([dump.stream, plain, codec.encode(), stored, file], { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw spool.explain(error);
  }
  if (plain.measure.size === 0) throw new HoldfastError('dump_failed', 'The dump ended without giving a byte.');
  return { plain: plain.measure, stored: stored.measure };
}
