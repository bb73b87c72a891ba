import type { Context } from 'mocha';
import { connect } from 'node:net';
import { once } from 'node:events';
import { prepareQueue, type QueueConnection } from '@holdfast/queue';
import { Secret } from '@holdfast/shared/domain';
import { startPostgres } from '../postgres/index.ts';
import { needsRedis, startRedis } from '../redis/index.ts';

/** A queue's server that a test may stop, start and empty as it likes. */
export interface QueueServer {
  connection: QueueConnection;
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** The same queue, reached by another port. */
  through(port: number): QueueConnection;
  readonly port: number;
  /** Removes every job behind the back of everybody, running ones included. */
  empty(): Promise<void>;
}

export interface QueueServerKind {
  name: string;
  /** Skips the suite where the server cannot be had. */
  require(context: Context): void;
  start(): Promise<QueueServer>;
}

const nowhere = new Secret('postgres://nobody@127.0.0.1:1/none');

const redis: QueueServerKind = {
  name: 'Redis',
  require: needsRedis,
  start: async () => {
    const server = await startRedis();
    return {
      connection: { redisUrl: new Secret(server.url), databaseUrl: nowhere },
      port: server.port,
      through: (port) => ({ redisUrl: new Secret(`redis://127.0.0.1:${port}`), databaseUrl: nowhere }),
      stop: () => server.stop(),
      restart: () => server.restart(),
      empty: async () => {
        const socket = connect(server.port, '127.0.0.1');
        socket.write('FLUSHALL\r\n');
        await once(socket, 'data');
        socket.destroy();
      },
    };
  },
};

const postgresql: QueueServerKind = {
  name: 'PostgreSQL',
  require: () => undefined,
  start: async () => {
    const server = await startPostgres();
    await server.createDatabase('queue');
    const connection = { redisUrl: null, databaseUrl: new Secret(server.url('queue')) };
    await prepareQueue(connection);
    return {
      connection,
      port: server.port,
      through: (port) => {
        const url = new URL(server.url('queue'));
        url.port = String(port);
        return { redisUrl: null, databaseUrl: new Secret(url.href) };
      },
      stop: () => server.stop(),
      restart: () => server.restart(),
      empty: async () => {
        await server.query('queue', 'truncate holdfast_queue.job cascade');
      },
    };
  },
};

/** Every backend of the queue, on a real server. */
export const queueServerKinds: readonly QueueServerKind[] = [redis, postgresql];
