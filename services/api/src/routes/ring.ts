import { attemptJobId, type JobName, type JobPayload } from '@holdfast/shared/contracts';
import type { Logger } from '@holdfast/shared/observability';
import type { ApiDeps } from '../deps.ts';

/** Rings the queue for a row that is committed. A failure is only logged: the scheduler rings for whatever is due. */
export async function ring<N extends JobName>(
  call: { deps: ApiDeps; log: Logger },
  name: N,
  payload: JobPayload<N>,
  jobId: string,
): Promise<void> {
  try {
    await call.deps.producer.ring(name, payload, { jobId });
  } catch (error) {
    call.log.warn({ err: error, job: name, jobId }, 'the queue could not be rung, the scheduler will do it');
  }
}

/** Rings for new work of our workers when nothing waits before it; else the scheduler does in its turn. */
export async function ringForNew(
  call: { deps: ApiDeps; log: Logger },
  kind: 'backup' | 'restore' | 'verification' | 'run',
  id: string,
): Promise<void> {
  const { backups, restores, verifications, policyRuns } = call.deps.persistence;
  const repository = { backup: backups, restore: restores, verification: verifications, run: policyRuns }[kind];
  const taken = await repository.takeNew(id).catch((error: unknown) => {
    call.log.warn({ err: error, kind, id }, 'new work could not be rung for, the scheduler will do it');
    return null;
  });
  if (!taken) return;
  const { attempt, refusals, requestId } = taken;
  const jobId = attemptJobId(kind, id, attempt, refusals);
  if (kind === 'backup') await ring(call, 'backup.run@1', { backupId: id, requestId }, jobId);
  else if (kind === 'restore') await ring(call, 'restore.run@1', { restoreId: id, requestId }, jobId);
  else if (kind === 'run') await ring(call, 'run.begin@1', { runId: id, requestId }, jobId);
  else await ring(call, 'verification.run@1', { verificationId: id, requestId }, jobId);
}
