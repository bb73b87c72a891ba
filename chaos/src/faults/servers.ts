import { once } from 'node:events';
import { connect } from 'node:net';
import { Client } from 'pg';
import type { TestPostgres } from '@holdfast/testing/postgres';
import { sourceUser, type Bed } from '../bed/bed.ts';
import { nothing, type FaultKind } from './kind.ts';

const crash = (name: string, weight: number, server: (bed: Bed) => TestPostgres): FaultKind => ({
  name: `${name}, immediate stop`,
  weight,
  leastMs: 100,
  mostMs: 2500,
  aim: () => name,
  strike: async (bed) => {
    await server(bed).kill();
    return () => server(bed).restart();
  },
});

/** Ends sessions as an administrator would: all, or each with a chance of one half. */
const endSessions = (
  name: string,
  weight: number,
  server: (bed: Bed) => { of: TestPostgres; where: string; aim: string },
): FaultKind => ({
  name: `end sessions of ${name}`,
  weight,
  leastMs: 0,
  mostMs: 0,
  aim: (bed) => server(bed).aim,
  strike: async (bed, _target, random) => {
    const { of, where } = server(bed);
    const which = random.chance(0.5) ? 'true' : 'random() < 0.5';
    const ended = await quickly(
      of,
      'postgres',
      `select pg_terminate_backend(pid) from pg_stat_activity where ${where} and pid <> pg_backend_pid() and ${which}`,
    );
    return ended > 0 ? nothing : null;
  },
});

/** @returns how many rows came; 0 when the server is not there */
async function quickly(server: TestPostgres, database: string, statement: string): Promise<number> {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database, connectionTimeoutMillis: 3000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`set lock_timeout = '2s'`);
    return (await client.query(statement)).rowCount ?? 0;
  } catch {
    return 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const killS3: FaultKind = {
  name: 'kill -9 S3',
  weight: 4,
  leastMs: 100,
  mostMs: 2500,
  aim: () => 's3',
  strike: async ({ s3 }) => {
    await s3.kill();
    return () => s3.start();
  },
};

const killRedis: FaultKind = {
  name: 'kill -9 Redis, back empty',
  weight: 5,
  leastMs: 100,
  mostMs: 3000,
  backend: 'redis',
  aim: () => 'redis',
  strike: async ({ redis }) => {
    if (!redis) return null;
    await redis.kill();
    return () => redis.restart();
  },
};

const flush: FaultKind = {
  name: 'FLUSHALL',
  weight: 5,
  leastMs: 0,
  mostMs: 0,
  backend: 'redis',
  aim: () => 'redis',
  strike: async ({ redis, redisPassword }) => {
    if (!redis) return null;
    const socket = connect(redis.port, '127.0.0.1');
    try {
      socket.write(`AUTH ${redisPassword}\r\nFLUSHALL\r\n`);
      let reply = '';
      while (reply.split('\r\n').length < 3) reply += String((await once(socket, 'data'))[0]);
      return reply === '+OK\r\n+OK\r\n' ? nothing : null;
    } catch {
      return null;
    } finally {
      socket.destroy();
    }
  },
};

const emptyQueue: FaultKind = {
  name: 'empty the queue',
  weight: 5,
  leastMs: 0,
  mostMs: 0,
  backend: 'postgresql',
  aim: () => 'queue',
  strike: async ({ postgres, database }) => {
    await quickly(postgres, database, 'truncate holdfast_queue.job cascade');
    return nothing;
  },
};

const fillDisk: FaultKind = {
  name: 'fill the disk',
  weight: 4,
  leastMs: 500,
  mostMs: 3000,
  aim: () => 'disk',
  strike: async ({ disk }) => {
    if (!disk.isSmall) return null;
    disk.fill();
    return () => disk.free();
  },
};

export const serverFaults: readonly FaultKind[] = [
  crash('service PostgreSQL', 4, ({ postgres }) => postgres),
  crash('source PostgreSQL', 3, ({ source }) => source),
  endSessions('the service', 6, ({ postgres, database }) => ({
    of: postgres,
    where: `datname = '${database}'`,
    aim: 'service PostgreSQL',
  })),
  endSessions('the source', 6, ({ source }) => ({
    of: source,
    where: `usename = '${sourceUser}'`,
    aim: 'source PostgreSQL',
  })),
  killS3,
  killRedis,
  flush,
  emptyQueue,
  fillDisk,
];
