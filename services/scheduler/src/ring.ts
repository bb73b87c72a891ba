import type { JobName, JobPayload } from '@holdfast/shared/contracts';
import type { SchedulerDeps } from './deps.ts';

/**
 * Rings the queue. A failure is only logged: the row keeps the work, and its mark lets the dispatcher ring again after
 * HOLDFAST_RING_AGAIN_SECONDS.
 */
export async function ring<N extends JobName>(
  { producer, logger }: SchedulerDeps,
  name: N,
  payload: JobPayload<N>,
  jobId: string,
): Promise<void> {
  try {
    await producer.ring(name, payload, { jobId });
  } catch (error) {
    logger.warn({ err: error, job: name, jobId }, 'the queue could not be rung, it will be tried again');
  }
}
