import {
  contentOf,
  describeEngine,
  describeSafeRestore,
  newDatabase,
  openClient,
  type SafeRestoreSubject,
} from '@holdfast/testing/engines';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';

const subject = async (): Promise<SafeRestoreSubject> => ({
  engine: createEngines({ postgresqlClients: [] }).get('postgresql'),
  database: newDatabase,
  content: contentOf,
  change: async (connection) => {
    const client = await openClient(connection);
    await client.query(`create table if not exists added (n int)`);
    await client.query(`insert into added values (1)`);
    await client.end();
  },
  stayConnected: async (connection) => {
    const client = await openClient(connection);
    return { close: () => client.end() };
  },
  names: async (connection) => {
    const client = await openClient({ ...connection, database: 'postgres' });
    const { rows } = await client.query<{ datname: string }>('select datname from pg_database order by 1');
    await client.end();
    return rows.map(({ datname }) => datname);
  },
  runningPrograms,
  part: { schemas: [], tables: ['public.customers', 'public.documents'] },
  unknownPart: { schemas: [], tables: ['public.none'] },
});

describeEngine('postgresql', subject);
describeSafeRestore('postgresql', subject);
