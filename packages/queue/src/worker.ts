import { Worker, type IQueueBackend, type Job, type JobProgress, type Telemetry } from 'bullmq';
import type { QueueName } from '@holdfast/shared/contracts';
import type { Logger } from '@holdfast/shared/observability';
import type { Backend, BackendName } from './backend.ts';
import { redisPrefix } from './connection.ts';
import type { Processor } from './processor.ts';

/** After a failure to fetch; BullMQ itself pauses only when a connection was refused, and spins on anything else. */
const pauseMs = 1000;

export class PacedWorker extends Worker<unknown, void, string, IQueueBackend, JobProgress, BackendName> {
  protected override async moveToActive(token: string, name?: string): Promise<Job<unknown, void>> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      if (!this.closing) await this.delay(pauseMs);
      throw error;
    }
  }

  /** Frees what a `close` holds that waits for a server which went away in that very moment: it would wait for ever. */
  async abandon(): Promise<void> {
    await this.lockManager.close();
  }
}

export interface WorkerSettings {
  concurrency: number;
  /** A job whose process gave no sign for this long is given to another worker. */
  lockSeconds: number;
  telemetry?: Telemetry | undefined;
}

/** Opens the worker of one queue. What BullMQ reports goes to the log, or to the watch when it is about the way to it. */
export function openWorker(
  backend: Backend,
  queue: QueueName,
  process: Processor,
  { concurrency, lockSeconds, telemetry }: WorkerSettings,
  logger: Logger,
): PacedWorker {
  const worker = new PacedWorker(
    queue,
    process,
    {
      connection: backend.name,
      prefix: redisPrefix,
      concurrency,
      lockDuration: lockSeconds * 1000,
      stalledInterval: lockSeconds * 1000,
      // The row counts failures. BullMQ's own count would fail a job without asking its handler.
      maxStalledCount: 1_000_000,
      runRetryDelay: pauseMs,
      ...(telemetry ? { telemetry } : {}),
    },
    backend.factory,
  );
  worker.on('active', () => backend.watch.works());
  worker.on('stalled', (jobId) => logger.warn({ queue, jobId }, 'took a job over from a worker that is gone'));
  worker.on('failed', (job, error) => {
    logger.error({ err: error, queue, job: job?.name, jobId: job?.id }, 'the job failed');
  });
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) {
      if (worker.cancelJob(jobId)) logger.warn({ queue, jobId }, 'lost the lock of a running job');
    }
  });
  worker.on('error', (error) => {
    if (isAboutOneJob(error)) logger.debug({ queue, problem: error.message }, 'a job was no longer there to settle');
    else backend.watch.failed(error);
  });
  return worker;
}

/** BullMQ's own refusals carry a negative number as their code; what it says about locks is told by another event. */
function isAboutOneJob(error: Error): boolean {
  return ('code' in error && typeof error.code === 'number') || error.message.startsWith('could not renew lock');
}
