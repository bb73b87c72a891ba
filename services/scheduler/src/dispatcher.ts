import { attemptJobId } from '@holdfast/shared/contracts';
import { ring } from './ring.ts';
import type { SchedulerDeps } from './deps.ts';

/**
 * How many rows are rung for ahead of the workers, or as many as run, when more do. The queue hands out what it was given
 * first: the fewer wait there, the later the order is decided.
 */
const ringsAhead = 4;

/** Rings, one after the other, for the backups that are to begin next; also again for those that nobody took. */
export async function dispatchBackups(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { backups } = deps.persistence;
  for (const due of await backups.takeDue(ringsAhead, deps.settings.HOLDFAST_RING_AGAIN_SECONDS)) {
    if (signal.aborted) return;
    const { id, attempt, refusals, requestId } = due;
    await ring(deps, 'backup.run@1', { backupId: id, requestId }, attemptJobId('backup', id, attempt, refusals));
  }
}

/** The same for restores, which have a queue of their own. */
export async function dispatchRestores(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { restores } = deps.persistence;
  for (const due of await restores.takeDue(ringsAhead, deps.settings.HOLDFAST_RING_AGAIN_SECONDS)) {
    if (signal.aborted) return;
    const { id, attempt, refusals, requestId } = due;
    await ring(deps, 'restore.run@1', { restoreId: id, requestId }, attemptJobId('restore', id, attempt, refusals));
  }
}

/** The same for runs of policies, which list a server and make its backups. */
export async function dispatchRuns(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { policyRuns } = deps.persistence;
  for (const due of await policyRuns.takeDue(ringsAhead, deps.settings.HOLDFAST_RING_AGAIN_SECONDS)) {
    if (signal.aborted) return;
    const { id, attempt, refusals, requestId } = due;
    await ring(deps, 'run.begin@1', { runId: id, requestId }, attemptJobId('run', id, attempt, refusals));
  }
}

/** The same for verifications, which have one, too. */
export async function dispatchVerifications(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { verifications } = deps.persistence;
  for (const due of await verifications.takeDue(ringsAhead, deps.settings.HOLDFAST_RING_AGAIN_SECONDS)) {
    if (signal.aborted) return;
    const { id, attempt, refusals, requestId } = due;
    const jobId = attemptJobId('verification', id, attempt, refusals);
    await ring(deps, 'verification.run@1', { verificationId: id, requestId }, jobId);
  }
}
