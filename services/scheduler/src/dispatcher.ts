import { attemptJobId } from '@holdfast/shared/contracts';
import { inBatches } from './batches.ts';
import { ring } from './ring.ts';
import { batchSize, ringsInParallel, type SchedulerDeps } from './deps.ts';

/** Rings for every backup that is due and was not rung lately, so that a queue that lost its jobs heals by itself. */
export async function dispatchBackups(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await inBatches(
    (limit) => deps.persistence.backups.takeDue(limit, deps.settings.HOLDFAST_RING_AGAIN_SECONDS),
    ({ id, attempt, requestId }) =>
      ring(deps, 'backup.run@1', { backupId: id, requestId }, attemptJobId('backup', id, attempt)),
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}

/** The same for restores. */
export async function dispatchRestores(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await inBatches(
    (limit) => deps.persistence.restores.takeDue(limit, deps.settings.HOLDFAST_RING_AGAIN_SECONDS),
    ({ id, attempt, requestId }) =>
      ring(deps, 'restore.run@1', { restoreId: id, requestId }, attemptJobId('restore', id, attempt)),
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}
