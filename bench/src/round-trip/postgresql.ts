import { fingerprint, sampleStatements } from '@holdfast/testing/engines';
import { startPostgres } from '@holdfast/testing/postgres';
import type { LargeSource } from './source.ts';

const rowsInGigabyte = 1_170_000;

export async function postgresqlSource(): Promise<LargeSource> {
  const server = await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '8GB', fsync: 'off' } });
  const { host, port, user, password } = server;
  return {
    fields: { type: 'postgresql', host, port, user, password },
    fill: async (database, gigabytes) => {
      await server.createDatabase(database);
      await server.query(database, ...sampleStatements(Math.ceil(rowsInGigabyte * gigabytes)), 'checkpoint');
      const [size] = await server.query(database, 'select pg_database_size(current_database())::float8 as bytes');
      return { bytes: Number(size?.['bytes']) };
    },
    content: (database) => fingerprint({ host, port, user, password, database }),
    drop: async (database) => {
      await server.query('postgres', `drop database "${database}" with (force)`);
    },
  };
}
