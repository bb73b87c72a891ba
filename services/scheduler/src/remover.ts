import { deletionJobId } from '@holdfast/shared/contracts';
import { inBatches } from './batches.ts';
import { batchSize, ringsInParallel, type SchedulerDeps } from './deps.ts';
import { ring } from './ring.ts';

/** Rings for the removal of the objects of backups that somebody asked to delete, again until none is left. */
export async function remove(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings } = deps;
  await inBatches(
    (limit) => persistence.backups.takeDeletable(limit, settings.HOLDFAST_DELETE_AGAIN_SECONDS),
    ({ id, requestId }) => ring(deps, 'backup.delete@1', { backupId: id, requestId }, deletionJobId(id)),
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}
