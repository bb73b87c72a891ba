import { adviceOn } from '@holdfast/pipeline';
import { backupKeysOf } from '@holdfast/shared/config';
import { HoldfastError } from '@holdfast/shared/domain';
import type { Running } from '@holdfast/shared/lifecycle';
import type { WorkerDeps } from './deps.ts';
import { createHandlers } from './handlers/index.ts';

/** Seconds in which aborted work is to be handed back, after the time to finish is over. */
export const handBackSeconds = 15;

/**
 * Takes jobs from the queue and does them. `stop` takes no more jobs and lets the running ones finish within
 * HOLDFAST_GRACE_SECONDS; then it aborts them and hands them back, uncounted, for another worker.
 */
export async function startWorker(deps: WorkerDeps): Promise<Running> {
  const { settings } = deps;
  const logger = deps.logger.child({ worker: deps.workerName });
  const advice = await adviceOn(backupKeysOf(settings));
  if (advice !== null) logger.warn(advice);
  const stopping = new AbortController();
  const consumers = await deps.startConsumers(createHandlers({ ...deps, logger, stopping: stopping.signal }), {
    concurrency: {
      backups: settings.HOLDFAST_WORKER_CONCURRENCY,
      restores: settings.HOLDFAST_WORKER_CONCURRENCY,
      verifications: 1,
      // A long comparison of one destination does not hold up sweeps and removals.
      maintenance: 3,
    },
    logger,
    stopSeconds: settings.HOLDFAST_GRACE_SECONDS + handBackSeconds,
  });
  return {
    stop: async () => {
      const handBack = setTimeout(() => {
        logger.info('the time to finish is over, handing back');
        stopping.abort(new HoldfastError('stopping'));
      }, settings.HOLDFAST_GRACE_SECONDS * 1000);
      try {
        await consumers.stop();
      } finally {
        clearTimeout(handBack);
      }
    },
  };
}
