import type { BackendFactory, IQueueBackend } from 'bullmq';
import type { Logger } from '@holdfast/shared/observability';
import type { QueueConnection } from './connection.ts';
import { openPostgresBackend } from './postgres-backend.ts';
import { openRedisBackend } from './redis-backend.ts';
import type { ConnectionWatch } from './watch.ts';

/** Producers must fail fast; consumers must wait for the server as long as it takes. */
export type Role = 'producer' | 'consumer';

export type BackendName = 'redis' | 'postgresql';

/** The connections of one producer or of one process's consumers, shared by their queues. */
export interface Backend {
  readonly name: BackendName;
  readonly watch: ConnectionWatch;
  /** Builds queues and workers over these connections; the options' own `connection` is ignored. */
  readonly factory: BackendFactory<IQueueBackend, BackendName>;
  /** Whether a worker can be closed in good order now; otherwise it would wait for a server that is away. */
  readonly closesInOrder: boolean;
  /** Resolves when commands can be sent. Rejects when the server is known to be away or is not prepared. */
  available(): Promise<void>;
  /** Asks the server for an answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The one place that decides between Redis and PostgreSQL. */
export function openBackend(connection: QueueConnection, role: Role, logger: Logger | null): Backend {
  return connection.redisUrl
    ? openRedisBackend(connection.redisUrl, role, logger)
    : openPostgresBackend(connection.databaseUrl, role, logger);
}
