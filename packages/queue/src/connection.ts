import type { Telemetry } from 'bullmq';
import type { Secret } from '@holdfast/shared/domain';

/** Where the queue lives: on Redis when there is a URL for one, otherwise in the service's own PostgreSQL database. */
export interface QueueConnection {
  redisUrl: Secret | null;
  databaseUrl: Secret;
  /** What puts jobs into traces, see `openTelemetry`. */
  telemetry?: Telemetry | undefined;
}

/** What names everything of ours on a shared Redis server. */
export const redisPrefix = 'holdfast';

/** The PostgreSQL schema that holds BullMQ's tables and functions, apart from the service's own. */
export const queueSchema = 'holdfast_queue';
