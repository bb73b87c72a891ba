import { runMigrations } from 'bullmq';
import { Client } from 'pg';
import { HoldfastError } from '@holdfast/shared/domain';
import { queueSchema, type QueueConnection } from './connection.ts';
import { describeProblem } from './problem.ts';

/**
 * Creates or updates the queue's own tables on the PostgreSQL backend; on Redis there is nothing to do. Several may call
 * it at once: BullMQ takes an advisory lock and changes everything in one transaction.
 * @throws HoldfastError configuration, with the reason
 */
export async function prepareQueue(connection: QueueConnection): Promise<void> {
  if (connection.redisUrl) return;
  const url = connection.databaseUrl;
  const client = new Client({
    connectionString: url.reveal(),
    application_name: 'holdfast-queue-migration',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await runMigrations(client, queueSchema);
  } catch (error) {
    const problem = describeProblem(error, url);
    throw new HoldfastError('configuration', `The queue's tables could not be prepared: ${problem}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
