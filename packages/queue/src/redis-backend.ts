import { once } from 'node:events';
import { createRedisBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { Secret } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { Backend, Role } from './backend.ts';
import { commandLimitMs, withinLimit } from './time-limit.ts';
import { ConnectionWatch } from './watch.ts';

/** A producer uses one connection; consumers use one, and BullMQ adds one for each queue to wait on. */
const roleOptions: Record<Role, RedisOptions> = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: commandLimitMs },
  consumer: { maxRetriesPerRequest: null },
};

const heartbeatMs = 5000;

export function openRedisBackend(url: Secret, role: Role, logger: Logger | null): Backend {
  const watch = new ConnectionWatch('redis', url, logger);
  const client = new Redis(url.reveal(), {
    ...roleOptions[role],
    connectionName: `holdfast-${role}`,
    connectTimeout: 5000,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(times * 200, 2000),
  });
  client.on('error', (error) => watch.failed(error));
  client.on('close', () => {
    if (!closing) watch.failed(new Error('The connection was closed.'));
  });
  client.on('ready', () => watch.works());

  const heartbeat = setInterval(() => void replaceIfDead(client), heartbeatMs).unref();
  let closing = false;
  let ready: Promise<void> | null = null;
  const untilReady = (): Promise<void> => {
    ready ??= once(client, 'ready')
      .then(() => undefined)
      .finally(() => {
        ready = null;
      });
    return ready;
  };

  return {
    name: 'redis',
    watch,
    factory: (name, options, extra) => createRedisBackend(name, { ...options, connection: client }, extra),
    get closesInOrder() {
      return client.status === 'ready';
    },
    available: async () => {
      if (client.status === 'ready') return;
      if (watch.problem !== null) throw new Error(watch.problem);
      await untilReady();
    },
    ping: async () => {
      await client.ping();
    },
    close: async () => {
      closing = true;
      clearInterval(heartbeat);
      client.disconnect();
    },
  };
}

/**
 * A server that vanished leaves its connection looking open for many minutes. (ioredis' own `socketTimeout` is not used:
 * its timer outlives the connection and then ends the next, healthy one.)
 */
async function replaceIfDead(client: Redis): Promise<void> {
  if (client.status !== 'ready') return;
  try {
    await withinLimit(client.ping());
  } catch {
    if (client.status === 'ready') client.disconnect(true);
  }
}
