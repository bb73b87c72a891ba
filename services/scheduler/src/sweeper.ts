import { attemptJobId } from '@holdfast/shared/contracts';
import { inBatches } from './batches.ts';
import { ring } from './ring.ts';
import { batchSize, ringsInParallel, type SchedulerDeps } from './deps.ts';

/** Rings for the removal of what restores that ended may have left on their servers. */
export async function sweepRestores(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings } = deps;
  await inBatches(
    (limit) =>
      persistence.restores.takeSweepable(
        limit,
        settings.HOLDFAST_SWEEP_DELAY_SECONDS,
        settings.HOLDFAST_RING_AGAIN_SECONDS,
      ),
    ({ restoreId, attempt }) =>
      ring(deps, 'restore.sweep@1', { restoreId, requestId: null }, attemptJobId('sweep', restoreId, attempt)),
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}

/** Rings for the removal of scratch databases that verifications which ended may have left. */
export async function sweepVerifications(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings } = deps;
  await inBatches(
    (limit) =>
      persistence.verifications.takeSweepable(
        limit,
        settings.HOLDFAST_SWEEP_DELAY_SECONDS,
        settings.HOLDFAST_RING_AGAIN_SECONDS,
      ),
    ({ verificationId, attempt }) =>
      ring(
        deps,
        'verification.sweep@1',
        { verificationId, requestId: null },
        attemptJobId('sweep', verificationId, attempt),
      ),
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}

/** Rings for the removal of what attempts that did not settle may have left in their destinations. */
export async function sweep(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings } = deps;
  await inBatches(
    (limit) =>
      persistence.backups.takeSweepable(
        limit,
        settings.HOLDFAST_SWEEP_DELAY_SECONDS,
        settings.HOLDFAST_RING_AGAIN_SECONDS,
      ),
    ({ backupId, attempt }) =>
      ring(deps, 'attempt.sweep@1', { backupId, attempt, requestId: null }, attemptJobId('sweep', backupId, attempt)),
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}
