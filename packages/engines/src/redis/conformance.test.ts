import { join } from 'node:path';
import type { Connection, Engine } from '@holdfast/shared/domain';
import {
  describeEngine,
  describeRedis,
  describeSafeRestore,
  fakePrograms,
  fillOddly,
  fillRandomly,
  fillTypes,
  openRedis,
  redisNames,
  startRedisData,
  wrongConnections,
  type SafeRestoreSubject,
  type SubjectContent,
} from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { redisAvailable } from '@holdfast/testing/redis';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';
import { RedisClients } from './clients.ts';
import { redisEngine } from './engine.ts';

/** More than the buffers between a server and its reader hold. */
const moreThanBuffers = 40 << 20;
const sampleBytes = 2 << 20;

const cli = (version: string, source: string): string => {
  const answer = `if (process.argv[2] === '--version') { console.log('redis-cli ${version}'); process.exit(0); }`;
  return fakePrograms({ 'redis-cli': `${answer}\n${source}` });
};

const open = async (program?: string): Promise<SafeRestoreSubject> => {
  const { connection: server } = await startRedisData(program);
  let next = 1;
  const clientOf = async (
    connection: Connection,
    name = connection.database,
  ): Promise<ReturnType<typeof openRedis>> => {
    if (/^\d+$/.test(name)) return openRedis(connection, Number(name));
    const client = await openRedis(connection, 0);
    await client.select((await redisNames(client)).get(name) ?? 127);
    return client;
  };
  const fill = async (connection: Connection, content: SubjectContent, bytes = sampleBytes): Promise<void> => {
    const client = await clientOf(connection);
    if (content === 'sample') {
      await fillTypes(client);
      await fillRandomly(client, bytes);
    }
    if (content === 'odd') await fillOddly(client);
    if (content === 'huge') await client.set('huge', Buffer.alloc(50_000_000, 'not to be compressed away'));
    client.disconnect();
  };
  return {
    engine: createEngines({ clientFolders: program === undefined ? [] : [join(program, '..')] }).get('redis'),
    database: async (content) => {
      const connection = { ...server, database: String(next++) };
      await fill(connection, content);
      return connection;
    },
    content: async (connection, database) => {
      const client = await clientOf(connection, database);
      const lines = await describeRedis(client);
      client.disconnect();
      return lines;
    },
    change: async (connection) => {
      const client = await clientOf(connection);
      await client.del('text');
      await client.set('added', 'later');
      client.disconnect();
    },
    stayConnected: async (connection) => {
      const client = await clientOf(connection);
      return { close: async () => client.disconnect() };
    },
    names: async (connection) => {
      const client = await openRedis(connection, 0);
      const names = [...(await redisNames(client)).keys()].sort();
      client.disconnect();
      return names;
    },
    newName: () => String(next++),
    runningPrograms,
    fakeDump: (source): Engine => createEngines({ clientFolders: [cli('7.99.0', source)] }).get('redis'),
    ownServer: async () => {
      const own = await startRedisData(program);
      await fill(own.connection, 'sample', moreThanBuffers);
      return { connection: own.connection, stop: () => own.server.stop() };
    },
    tooOld: async () => ({
      engine: redisEngine(new RedisClients([cli('5.0.14', '')])),
      connection: server,
      code: 'client_too_old',
    }),
    part: null,
    unknownPart: { schemas: [], tables: ['none'] },
  };
};

if (redisAvailable()) {
  describeEngine({ name: 'redis', open: () => open(), wrong: wrongConnections, restoresItself: true });
  describeSafeRestore('redis', () => open());
}
const folder = newerDebian();
if (folder !== null) {
  const valkey = join(folder, 'valkey-server');
  describeEngine({ name: 'valkey', open: () => open(valkey), wrong: wrongConnections, restoresItself: true });
}
