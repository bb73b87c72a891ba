import type { Logger } from '@holdfast/shared/observability';
import type { Sources } from './sources/index.ts';
import type { Spool } from './spool.ts';

const cleanUpSeconds = 60;

/**
 * Removes what an agent that was killed has left: its files in the spool, and what its restores had built beside their
 * targets. A file that stands for a restore is kept until nothing of it is left.
 */
export async function removeLeftOvers(spool: Spool, sources: Sources, logger: Logger): Promise<void> {
  for (const { jobId, use } of await spool.leftOvers()) {
    const clean = use === 'backup' || (await cleanUp(jobId, sources, logger));
    if (clean) await spool.remove(jobId, use);
    logger.warn({ jobId, use }, clean ? 'removed what a killed agent had left' : 'a killed agent has left something');
  }
}

async function cleanUp(restoreId: string, sources: Sources, logger: Logger): Promise<boolean> {
  let clean = true;
  for (const [name, source] of sources) {
    try {
      await source.cleanUpRestore(restoreId, { signal: AbortSignal.timeout(cleanUpSeconds * 1000) });
    } catch (error) {
      clean = false;
      logger.error(
        { reason: (error as Error).message, source: name },
        'what a killed restore left could not be removed',
      );
    }
  }
  return clean;
}
