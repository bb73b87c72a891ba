import { connectionTo, describeGlobals, fillRoles, openClient, rolesOf } from '@holdfast/testing/engines';
import { startPostgres, type Major, type TestPostgres } from '@holdfast/testing/postgres';
import { searchPath } from '@holdfast/shared/config';
import { runningPrograms } from '../../process/index.ts';
import { Clients } from '../clients.ts';
import { postgresqlGlobals } from './index.ts';

// The source is of the oldest major, for which every machine with a client has one that is new enough.
for (const target of [15, 18] as const satisfies Major[]) {
  let last: TestPostgres | undefined;
  describeGlobals(`postgresql 15 to ${target}`, async () => ({
    globals: postgresqlGlobals(new Clients(searchPath())),
    source: async () => {
      const connection = connectionTo(await startPostgres(), 'postgres');
      await fillRoles(connection);
      return connection;
    },
    fresh: async () => {
      await last?.stop();
      last = await startPostgres({ major: target });
      return connectionTo(last, 'postgres');
    },
    content: rolesOf,
    change: async (connection) => {
      const client = await openClient(connection);
      await client.query(`alter role limited with nologin createdb connection limit 9 valid until '2001-01-01'`);
      await client.query(`alter role limited set work_mem to '1MB'`);
      await client.query(`comment on role "select" is 'another'`);
      await client.query(`revoke admin option for team from leader cascade`);
      await client.query(`drop role "$$"`);
      await client.end();
    },
    runningPrograms,
  }));
}
