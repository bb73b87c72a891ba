import { attemptJobId } from '@holdfast/shared/contracts';
import { inBatches } from './batches.ts';
import { ring } from './ring.ts';
import { batchSize, ringsInParallel, type SchedulerDeps } from './deps.ts';

/** Turns due schedules into backups and rings for each; a ring that gets lost is the dispatcher's to repeat. */
export async function tick(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings, logger } = deps;
  await inBatches(
    (limit) => persistence.schedules.takeDue(limit, settings.HOLDFAST_MAX_FAILURES),
    async ({ scheduleId, scheduledFor, backupId }) => {
      logger.info({ scheduleId, scheduledFor, backupId }, backupId ? 'tick made a backup' : 'tick was skipped');
      if (backupId)
        await ring(deps, 'backup.run@1', { backupId, requestId: null }, attemptJobId('backup', backupId, 1));
    },
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}
