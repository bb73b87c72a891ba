import type { JobName, JobPayload } from '@holdfast/shared/contracts';
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
