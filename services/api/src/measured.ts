import type { Persistence } from '@holdfast/persistence';
import type { Settings } from '@holdfast/shared/config';
import type { Metrics, Sample } from '@holdfast/shared/observability';
import type { BoardQueue } from './ui/board.ts';

/** What may not be there yet, while the API waits for it. */
export interface Measured {
  persistence: Pick<Persistence, 'metrics'> | null;
  queues: readonly BoardQueue[];
}

/** Has the rows and the queue read whenever somebody asks for the metrics. @param measured is filled as it is opened */
export function measureInstallation(metrics: Metrics, settings: Settings, measured: Measured): void {
  metrics.reads({
    up: 'holdfast_database_up',
    read: async () => {
      if (!measured.persistence) throw new Error('The database is waited for.');
      return await measured.persistence.metrics.read(settings.HOLDFAST_METRICS_DATABASES);
    },
  });
  metrics.reads({
    up: 'holdfast_queue_up',
    read: async () => {
      if (measured.queues.length === 0) throw new Error('The queue is not open yet.');
      return (await Promise.all(measured.queues.map(jobsIn))).flat();
    },
  });
}

async function jobsIn(queue: BoardQueue): Promise<Sample[]> {
  const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active');
  return Object.entries(counts).map(([state, value]) => ({
    metric: 'holdfast_queue_jobs',
    labels: { queue: queue.name, state },
    value,
  }));
}
