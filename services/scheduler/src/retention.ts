import { inBatches } from './batches.ts';
import { batchSize, type SchedulerDeps } from './deps.ts';

/** Lets go what the policies of schedules do not keep: soon after a good backup came, and again after a while. */
export async function retain(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings, logger } = deps;
  const { HOLDFAST_RETENTION_SECONDS: again, HOLDFAST_DELETION_GRACE_SECONDS: grace } = settings;
  await inBatches(
    (limit) => persistence.retention.applyDue(limit, again, grace),
    async ({ scheduleId, marked, takenBack }) => {
      if (marked.length > 0) logger.info({ scheduleId, backups: marked }, 'retention lets backups go');
      if (takenBack.length > 0) logger.warn({ scheduleId, backups: takenBack }, 'retention takes deletions back');
    },
    { limit: batchSize, parallel: 1, signal },
  );
}
