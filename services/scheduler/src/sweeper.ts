import { attemptJobId } from '@holdfast/shared/contracts';
import { inBatches } from './batches.ts';
import { ring } from './ring.ts';
import { batchSize, ringsInParallel, type SchedulerDeps } from './deps.ts';

/** Work that may have left something behind. */
interface Sweepable<A> {
  takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<A[]>;
}

async function sweepOf<A>(
  { settings }: SchedulerDeps,
  signal: AbortSignal,
  work: Sweepable<A>,
  ringFor: (attempt: A) => Promise<void>,
): Promise<void> {
  const { HOLDFAST_SWEEP_DELAY_SECONDS: delay, HOLDFAST_RING_AGAIN_SECONDS: again } = settings;
  await inBatches((limit) => work.takeSweepable(limit, delay, again), ringFor, {
    limit: batchSize,
    parallel: ringsInParallel,
    signal,
  });
}

/** Rings for the removal of what restores that ended may have left on their servers. */
export const sweepRestores = (deps: SchedulerDeps, signal: AbortSignal): Promise<void> =>
  sweepOf(deps, signal, deps.persistence.restores, ({ restoreId, attempt }) =>
    ring(deps, 'restore.sweep@1', { restoreId, requestId: null }, attemptJobId('sweep', restoreId, attempt)),
  );

/** Rings for the removal of scratch databases that verifications which ended may have left. */
export const sweepVerifications = (deps: SchedulerDeps, signal: AbortSignal): Promise<void> =>
  sweepOf(deps, signal, deps.persistence.verifications, ({ verificationId, attempt }) => {
    const jobId = attemptJobId('sweep', verificationId, attempt);
    return ring(deps, 'verification.sweep@1', { verificationId, requestId: null }, jobId);
  });

/** Rings for the hooks after attempts whose workers were killed before they could run them. */
export async function endHooks(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { HOLDFAST_RING_AGAIN_SECONDS: again } = deps.settings;
  await inBatches(
    (limit) => deps.persistence.hooks.takeOpen(limit, again),
    ({ backupId, attempt }) =>
      ring(deps, 'attempt.hooks@1', { backupId, attempt, requestId: null }, attemptJobId('hooks', backupId, attempt)),
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}

/** Rings for the removal of what attempts that did not settle may have left in their destinations. */
export const sweep = (deps: SchedulerDeps, signal: AbortSignal): Promise<void> =>
  sweepOf(deps, signal, deps.persistence.backups, ({ backupId, attempt }) =>
    ring(deps, 'attempt.sweep@1', { backupId, attempt, requestId: null }, attemptJobId('sweep', backupId, attempt)),
  );
