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
  const clients = new Set<Redis>();
  const client = recorded(
    new Redis(url.reveal(), {
      ...roleOptions[role],
      connectionName: `holdfast-${role}`,
      connectTimeout: 5000,
      keepAlive: 10_000,
      retryStrategy: (times) => Math.min(times * 200, 2000),
    }),
    clients,
  );
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
      return [...clients].every(({ status }) => status === 'ready');
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
      for (const each of clients) end(each);
    },
  };
}

/**
 * BullMQ duplicates the client that it is given, once for each queue to wait on. Whoever closes the first has to end the
 * others too: BullMQ does it only where the server still answers.
 */
function recorded(client: Redis, clients: Set<Redis>): Redis {
  clients.add(client);
  client.duplicate = (override) => recorded(new Redis({ ...client.options, ...override }), clients);
  return client;
}

/** Ends a client wherever it stands, for good: whoever still waits for it must not make it connect again. */
function end(client: Redis): void {
  client.on('error', () => undefined);
  client.connect = () => Promise.reject(new Error('The connection was ended.'));
  client.disconnect();
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
