import { DelayedError, WaitingError, type Job } from 'bullmq';
import {
  jobCatalogue,
  type JobContext,
  type JobHandlers,
  type JobName,
  type JobPayload,
} from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import { systemClock } from '@holdfast/shared/lifecycle';
import { withLogFields, type Logger } from '@holdfast/shared/observability';

/** How long a job that this version does not know stays away, so that a newer worker can take it. */
const handBackMs = 5000;

export interface ProcessorOptions {
  handlers: JobHandlers;
  logger: Logger;
  /** Aborted when the process must end. */
  stopping: AbortSignal;
  /** The handlers that run now. */
  running: Set<Promise<void>>;
}

/** BullMQ gives the signal only to a function that declares three plain parameters. */
export type Processor = (job: Job, token: string | undefined, lost: AbortSignal | undefined) => Promise<void>;

/** What a worker does with each job: find its handler, check its payload, run it. */
export function createProcessor({ handlers, logger, stopping, running }: ProcessorOptions): Processor {
  const unknownNames = new Set<string>();
  return async (job, token, lost) => {
    if (stopping.aborted) {
      await job.moveToWait(token);
      throw new WaitingError('Handed back: this worker is stopping.');
    }
    if (!isKnown(job.name, handlers)) {
      if (!unknownNames.has(job.name)) {
        unknownNames.add(job.name);
        logger.warn({ job: job.name, jobId: job.id }, 'handed back a kind of job that only a newer version knows');
      }
      await job.moveToDelayed(systemClock.now().getTime() + handBackMs, token);
      throw new DelayedError(`Handed back: this version does not know ${job.name}.`);
    }
    const payload = parsePayload(job.name, job.data);
    const jobId = String(job.id);
    const signal = lost ? AbortSignal.any([explained(lost, jobId), stopping]) : stopping;
    const { name } = job;
    const { requestId } = payload;
    const handled = withLogFields({ job: name, jobId, requestId }, () =>
      handle(handlers, name, payload, { jobId, signal }),
    );
    running.add(handled);
    try {
      await handled;
    } finally {
      running.delete(handled);
    }
  };
}

/** BullMQ aborts with a string; a handler is given an error that it can pass on. */
function explained(lost: AbortSignal, jobId: string): AbortSignal {
  const controller = new AbortController();
  const error = new HoldfastError('lease_lost', `The queue no longer holds job ${jobId} for this worker.`);
  lost.addEventListener('abort', () => controller.abort(error), { once: true });
  return controller.signal;
}

function isKnown(name: string, handlers: JobHandlers): name is JobName {
  return Object.hasOwn(jobCatalogue, name) && Object.hasOwn(handlers, name);
}

function parsePayload<N extends JobName>(name: N, data: unknown): JobPayload<N> {
  const parsed = jobCatalogue[name].payload.safeParse(data);
  if (parsed.success) return parsed.data as JobPayload<N>;
  throw new HoldfastError('internal', `The payload of ${name} does not fit: ${parsed.error.message}`);
}

async function handle<N extends JobName>(
  handlers: JobHandlers,
  name: N,
  payload: JobPayload<N>,
  context: JobContext,
): Promise<void> {
  await handlers[name](payload, context);
}
