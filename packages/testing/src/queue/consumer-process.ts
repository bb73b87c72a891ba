import { once } from 'node:events';
import { startConsumers } from '@holdfast/queue';
import { Secret } from '@holdfast/shared/domain';
import { createLogger } from '@holdfast/shared/observability';
import { handlersOf, untilAborted } from './handlers.ts';

/** What the parent sends first. It tells `started` with the job's id; the handler then never ends by itself. */
export interface ConsumerProcessOrder {
  redisUrl: string | null;
  databaseUrl: string;
  lockSeconds: number;
}

const [order] = (await once(process, 'message')) as [ConsumerProcessOrder];
const consumers = await startConsumers(
  {
    redisUrl: order.redisUrl === null ? null : new Secret(order.redisUrl),
    databaseUrl: new Secret(order.databaseUrl),
  },
  handlersOf(async (_payload, { jobId, signal }) => {
    process.send?.({ started: jobId });
    await untilAborted(signal);
  }),
  {
    concurrency: { backups: 1, restores: 1, verifications: 1, maintenance: 1 },
    logger: createLogger('consumer', 'silent'),
    lockSeconds: order.lockSeconds,
  },
);
process.send?.({ ready: true });
await once(process, 'message');
await consumers.stop();
process.disconnect();
