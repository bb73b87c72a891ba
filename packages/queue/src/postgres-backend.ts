import { EventEmitter } from 'node:events';
import {
  assertSchemaCompatibility,
  PostgresConnection,
  PostgresQueueBackend,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
  UnsupportedPostgresVersionError,
  type PostgresPoolConfig,
} from 'bullmq';
import { Client, type ClientConfig } from 'pg';
import { HoldfastError, type Secret } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { Backend, Role } from './backend.ts';
import { queueSchema } from './connection.ts';
import { commandLimitMs } from './time-limit.ts';
import { ConnectionWatch } from './watch.ts';

/**
 * A producer uses at most two connections; consumers use two and one more that listens for new jobs, however many queues
 * there are. Idle ones are closed after ten seconds. A statement that gets no answer in time takes its connection with it:
 * that is how connections are found dead, one after the other.
 */
const roleOptions: Record<Role, PostgresPoolConfig> = {
  producer: { max: 2, connectionTimeoutMillis: commandLimitMs, query_timeout: commandLimitMs },
  consumer: { max: 2, connectionTimeoutMillis: 5000, query_timeout: 5000 },
};

export function openPostgresBackend(url: Secret, role: Role, logger: Logger | null): Backend {
  const watch = new ConnectionWatch('postgresql', url, logger);
  const connection = new SharedConnection({
    ...target(url),
    ...roleOptions[role],
    schema: queueSchema,
    application_name: `holdfast-queue-${role}`,
    keepAlive: true,
  });
  connection.on('error', (error) => watch.failed(error));
  connection.pool.on('connect', () => watch.works());
  return {
    name: 'postgresql',
    watch,
    factory: (name, options) => new SharedBackend(connection, name, { ...options, connection: {} }),
    closesInOrder: true,
    available: () => connection.waitUntilReady(),
    ping: async () => {
      await connection.waitUntilReady();
      await connection.pool.query('select 1');
    },
    close: () => {
      // A closed pool's sockets outlive it for a moment, in which their server may end them.
      watch.end();
      return connection.close();
    },
  };
}

/** BullMQ sets `search_path` by the pool's `options`, which options in the URL would replace: hand those over apart. */
function target(url: Secret): PostgresPoolConfig {
  const parsed = new URL(url.reveal());
  const options = parsed.searchParams.get('options');
  if (options === null) return { connectionString: url.reveal() };
  parsed.searchParams.delete('options');
  return { connectionString: parsed.href, options };
}

type ListenClient = Awaited<ReturnType<PostgresConnection['getListenClient']>>;

/**
 * A pg client takes one query at a time: overlapping ones are deprecated, and an error in pg 9. One that gets no answer
 * says that the connection is dead, which BullMQ learns by an error only; it would ask the same client for ever.
 */
function guard(client: ListenClient): void {
  const query = client.query.bind(client);
  let last: Promise<unknown> = Promise.resolve();
  client.query = (text, parameters) => {
    const next = last.then(() => query(text, parameters));
    last = next.catch((error: unknown) => {
      if (client instanceof EventEmitter) client.emit('error', error);
    });
    return next;
  };
}

/** BullMQ listens to its client one turn after it connected; an error that nobody hears in between would end the process. */
class HeardClient extends Client {
  constructor(config: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/** BullMQ's own remembers a failed first connection for ever; this one asks again. */
class SharedConnection extends PostgresConnection {
  constructor(config: PostgresPoolConfig) {
    super(config);
    // What it makes the client that listens for jobs of; there is no other way to be there before that connects.
    Object.assign(this, { pgModule: { Client: HeardClient } });
  }

  #ready: Promise<void> | null = null;
  #listener: ListenClient | null = null;

  override waitUntilReady(): Promise<void> {
    this.#ready ??= this.#check().catch((error: unknown) => {
      this.#ready = null;
      throw error;
    });
    return this.#ready;
  }

  /** Every queue's worker listens on this one client, and each asks for it by itself. */
  override async getListenClient(): Promise<ListenClient> {
    const client = await super.getListenClient();
    if (client !== this.#listener) {
      this.#listener = client;
      guard(client);
    }
    return client;
  }

  override async close(): Promise<void> {
    const closing = super.close();
    // BullMQ has just taken every listener off this client, and an error that nobody listens to would end the process.
    this.#listener?.on('error', () => undefined);
    await closing;
  }

  async #check(): Promise<void> {
    try {
      await assertSchemaCompatibility(this.pool, this.schema);
    } catch (error) {
      if (error instanceof SchemaMigrationRequiredError) {
        throw new HoldfastError(
          'configuration',
          'The database has no tables for the queue yet: run the migrations before starting the services.',
        );
      }
      if (error instanceof SchemaVersionMismatchError || error instanceof UnsupportedPostgresVersionError) {
        throw new HoldfastError('configuration', error.message);
      }
      throw error;
    }
  }
}

/** One queue over connections that others use too: whoever opened those closes them. */
class SharedBackend extends PostgresQueueBackend {
  override waitUntilReady(): Promise<void> {
    return this.connection.waitUntilReady();
  }

  override async close(): Promise<void> {
    await this.disconnectBlocking();
  }

  override disconnect(): Promise<void> {
    return this.close();
  }
}
