import type { Queue } from 'bullmq';
import { openBackend } from './backend.ts';
import type { QueueConnection } from './connection.ts';
import { openQueues } from './queues.ts';
import { withinLimit } from './time-limit.ts';

/** The queues for an operator's page to show, over connections of their own. */
export async function openQueuesForBoard(
  connection: QueueConnection,
): Promise<{ queues: Queue[]; close(): Promise<void> }> {
  const backend = openBackend(connection, 'producer', null);
  const queues = Object.values(openQueues(backend));
  return {
    queues,
    close: async () => {
      await Promise.allSettled(queues.map((queue) => queue.close()));
      await withinLimit(backend.close());
    },
  };
}
