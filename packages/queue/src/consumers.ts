import { queueNames, type JobHandlers, type QueueName } from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { openBackend } from './backend.ts';
import type { QueueConnection } from './connection.ts';
import { createProcessor } from './processor.ts';
import { withinLimit } from './time-limit.ts';
import { openWorker } from './worker.ts';

export interface ConsumerOptions {
  /** How many jobs of each queue run at once in this process. */
  concurrency: Record<QueueName, number>;
  logger: Logger;
  /** A job whose process gave no sign for this long is given to another worker, within as long again. */
  lockSeconds?: number;
  /** How long `stop` waits for handlers after it aborted their signals. */
  stopSeconds?: number;
}

export interface Consumers {
  /** Resolves when the queue answers. @throws HoldfastError timed_out, or what the queue failed with */
  ping(): Promise<void>;
  /**
   * Takes no more jobs, aborts the signals of those that run, waits for their handlers (no longer than `stopSeconds`) and
   * closes every connection. Never fails because the queue is away.
   */
  stop(): Promise<void>;
}

/** How long the closing of connections may take after the last handler ended. */
const closeMs = 3000;

/**
 * Starts a worker for every queue. Starts and goes on while the queue is away, and takes jobs as soon as it is there.
 *
 * A job may run twice (its process hung, or the queue was emptied), so a handler must be idempotent: it claims its row, and
 * a second claim is refused there.
 * @throws HoldfastError configuration when the queue answers but was not prepared
 */
export async function startConsumers(
  connection: QueueConnection,
  handlers: JobHandlers,
  { concurrency, logger, lockSeconds = 30, stopSeconds = 25 }: ConsumerOptions,
): Promise<Consumers> {
  const backend = openBackend(connection, 'consumer', logger);
  try {
    await withinLimit(backend.available());
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'configuration') {
      await backend.close();
      throw error;
    }
    backend.watch.failed(error);
  }
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const { telemetry } = connection;
  const process = createProcessor({ handlers, logger, stopping: stopping.signal, running });
  const workers = queueNames.map((queue) =>
    openWorker(backend, queue, process, { concurrency: concurrency[queue], lockSeconds, telemetry }, logger),
  );

  const stop = async (): Promise<void> => {
    const intake = workers.map((worker) => worker.pause(true));
    stopping.abort(new HoldfastError('stopping'));
    await Promise.all(intake);
    const late = await isLate(Promise.allSettled(running), stopSeconds * 1000);
    if (late) logger.error({ running: running.size }, 'handlers ignore their signal: their jobs go to other workers');
    const closed = Promise.allSettled(workers.map((worker) => worker.close(late || !backend.closesInOrder)));
    if (await isLate(closed, closeMs)) {
      logger.warn('the queue did not answer while closing, leaving it as it is');
      await Promise.all(workers.map((worker) => worker.abandon()));
    }
    await isLate(backend.close(), closeMs);
  };
  let stopped: Promise<void> | null = null;
  return {
    ping: () => withinLimit(backend.available().then(() => backend.ping())),
    stop: () => (stopped ??= stop()),
  };
}

async function isLate(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  try {
    await withinLimit(work, limitMs);
    return false;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'timed_out') return true;
    throw error;
  }
}
