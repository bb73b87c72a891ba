import { Queue, type Telemetry } from 'bullmq';
import { queueNames, type QueueName } from '@holdfast/shared/contracts';
import type { Backend } from './backend.ts';
import { redisPrefix } from './connection.ts';

/** Opens every queue of the catalogue for adding and looking, over one backend's connections. */
export function openQueues(backend: Backend, telemetry?: Telemetry): Record<QueueName, Queue> {
  const entries = queueNames.map((name) => [name, openQueue(backend, name, telemetry)] as const);
  return Object.fromEntries(entries) as Record<QueueName, Queue>;
}

function openQueue(backend: Backend, name: QueueName, telemetry: Telemetry | undefined): Queue {
  const queue = new Queue(
    name,
    {
      connection: backend.name,
      prefix: redisPrefix,
      // A producer has no use for the server's version, and a connection lost while asking would break it for good.
      skipVersionCheck: true,
      ...(telemetry ? { telemetry } : {}),
      streams: { events: { maxLen: 1000 } },
    },
    backend.factory,
  );
  queue.on('error', (error) => backend.watch.failed(error));
  // The type of a queue names its backend, which nobody outside this package has to know.
  return queue as unknown as Queue;
}
