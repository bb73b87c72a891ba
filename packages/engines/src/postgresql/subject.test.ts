import type { Connection, Engine } from '@holdfast/shared/domain';
import {
  contentOf,
  fakePrograms,
  newDatabase,
  openClient,
  type SafeRestoreSubject,
  type SubjectContent,
} from '@holdfast/testing/engines';
import { startPostgres, type Major, type TestPostgres } from '@holdfast/testing/postgres';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';
import { Clients } from './clients.ts';
import { postgresqlEngine } from './engine.ts';

const oldPrograms = (): string => fakePrograms({ pg_dump: `console.log('pg_dump (PostgreSQL) 9.6.1')` });

/** An engine whose pg_dump answers for its version and then does as told. */
const engineWith = (version: string, source: string): Engine => {
  const answer = `if (process.argv[2] === '--version') { console.log('pg_dump (PostgreSQL) ${version}'); process.exit(0); }`;
  const folder = fakePrograms({ pg_dump: `${answer}\n${source}` });
  return createEngines({ clientFolders: [folder] }).get('postgresql');
};

async function databaseOn(server: TestPostgres | undefined, content: SubjectContent): Promise<Connection> {
  if (content === 'odd') return newDatabase('sample', server, `Odd 'db' "x" ü; -- `);
  if (content !== 'huge') return newDatabase(content, server);
  const connection = await newDatabase('empty', server);
  const client = await openClient(connection);
  await client.query(`create table huge (content bytea)`);
  await client.query(`alter table huge alter content set storage external`);
  await client.query(`insert into huge select convert_to(repeat(md5('x'), 1638400), 'UTF8')`);
  await client.end();
  return connection;
}

/** What the rules of engines are proven with, on a server of that major. */
export function postgresqlSubject(engine: Engine, server?: TestPostgres, major: Major = 15): SafeRestoreSubject {
  return {
    engine,
    database: (content) => databaseOn(server, content),
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
    newName: ({ database }, purpose) => `${database.slice(0, 40)}_${purpose}`,
    runningPrograms,
    fakeDump: (source) => engineWith(`${major}.99`, source),
    ownServer: async () => {
      const own = await startPostgres({ major });
      return { connection: await newDatabase('sample', own), stop: () => own.stop() };
    },
    tooOld: async () => {
      // What is on this machine must not be found in its place.
      const clients = new Clients([oldPrograms()], []);
      const connection = await newDatabase('empty', server);
      return { engine: postgresqlEngine(clients), connection, code: 'client_too_old' };
    },
    part: { schemas: [], tables: ['public.customers', 'public.documents'] },
    unknownPart: { schemas: [], tables: ['public.none'] },
  };
}
