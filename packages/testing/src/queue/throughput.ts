import { openProducer, startConsumers, type QueueConnection } from '@holdfast/queue';
import { createLogger } from '@holdfast/shared/observability';
import { systemIds } from '@holdfast/shared/lifecycle';
import { handlersOf } from './handlers.ts';

const inParallel = 50;

/**
 * Rings `jobs` times and handles every job in this process with handlers that do nothing.
 * @returns jobs per second, from the first ring to the end of the last handler
 */
export async function measureJobsPerSecond(connection: QueueConnection, jobs: number): Promise<number> {
  const logger = createLogger('bench', 'silent');
  const producer = openProducer(connection, { logger });
  let handled = 0;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const consumers = await startConsumers(
    connection,
    handlersOf(async () => {
      handled += 1;
      if (handled === jobs) resolve();
    }),
    { concurrency: { backups: 1, restores: 1, verifications: 1, maintenance: inParallel }, logger },
  );
  try {
    await producer.ping();
    const run = systemIds.uuid();
    let next = 0;
    const ringOn = async (): Promise<void> => {
      while (next < jobs) {
        next += 1;
        const payload = { backupId: run, attempt: next, requestId: null };
        await producer.ring('attempt.sweep@1', payload, { jobId: `${run}-${next}` });
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: Math.min(inParallel, jobs) }, ringOn));
    await all;
    return jobs / ((performance.now() - start) / 1000);
  } finally {
    await consumers.stop();
    await producer.close();
  }
}
