import { backoffSeconds } from '@holdfast/shared/domain';
import { inBatches } from './batches.ts';
import { batchSize, type SchedulerDeps } from './deps.ts';

/** Takes back the backups of workers whose lease ended: `scheduled` again, or `error` after the last failure. */
export async function reapBackups(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await reap('backups', deps, signal);
}

/** The same for restores. */
export async function reapRestores(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await reap('restores', deps, signal);
}

/** The same for verifications. */
export async function reapVerifications(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await reap('verifications', deps, signal);
}

/** The same for runs of policies. */
export async function reapRuns(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await reap('policyRuns', deps, signal);
}

async function reap(
  kind: 'backups' | 'restores' | 'verifications' | 'policyRuns',
  deps: SchedulerDeps,
  signal: AbortSignal,
): Promise<void> {
  await inBatches(
    (limit) => deps.persistence[kind].reapExpired(limit, retryInSeconds(deps)),
    async ({ id, attempt, status }) => {
      deps.logger.warn({ kind, id, attempt, status }, 'the lease of an attempt ran out');
    },
    { limit: batchSize, parallel: 1, signal },
  );
}

/** A dead worker says nothing about the work itself, so the delay does not grow with the work's failures. */
function retryInSeconds({ settings, ids }: SchedulerDeps): number {
  const policy = { baseSeconds: settings.HOLDFAST_RETRY_BASE_SECONDS, capSeconds: settings.HOLDFAST_RETRY_CAP_SECONDS };
  return backoffSeconds(policy, 1, ids.random());
}
