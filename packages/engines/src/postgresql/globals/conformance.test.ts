import type { Connection } from '@holdfast/shared/domain';
import { searchPath } from '@holdfast/shared/config';
import { connectionTo, describeGlobals, fillRoles, openClient, rolesOf } from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { startPostgres, type Major, type TestPostgres } from '@holdfast/testing/postgres';
import { runningPrograms } from '../../process/index.ts';
import { Clients } from '../clients.ts';
import { postgresqlGlobals } from './index.ts';

async function run(connection: Connection, ...statements: string[]): Promise<string[]> {
  const client = await openClient(connection);
  try {
    let lines: string[] = [];
    for (const statement of statements)
      lines = (await client.query<{ line: string }>(statement)).rows.map(({ line }) => line);
    return lines;
  } finally {
    await client.end();
  }
}

/** What only 16 and newer have. */
const newerMemberships = [
  'grant team to endless with inherit false, set false',
  'grant team to limited with admin true, inherit false, set true granted by leader',
];

/** The options of all memberships; by a source that has them. */
const optionsOf = `select concat_ws(' ', roleid::regrole, member::regrole, grantor::regrole, admin_option, inherit_option, set_option) as line
  from pg_auth_members where not (roleid < 16384 and member < 16384) order by 1`;

const newer = newerDebian();
const pairs: [Major, Major][] = [
  // Of the oldest major, for which every machine with a client has one that is new enough.
  [15, 15],
  [15, 18],
  ...(newer === null ? [] : ([[18, 18]] satisfies [Major, Major][])),
];
for (const [from, to] of pairs) {
  let last: TestPostgres | undefined;
  const hasOptions = from >= 16;
  describeGlobals(`postgresql ${from} to ${to}`, async () => ({
    globals: postgresqlGlobals(new Clients([...searchPath(), ...(newer === null ? [] : [newer])])),
    source: async () => {
      const connection = connectionTo(await startPostgres({ major: from }), 'postgres');
      await fillRoles(connection);
      if (hasOptions) await run(connection, ...newerMemberships);
      return connection;
    },
    fresh: async () => {
      await last?.stop();
      last = await startPostgres({ major: to });
      return connectionTo(last, 'postgres');
    },
    content: async (connection) => [
      ...(await rolesOf(connection)),
      ...(hasOptions ? await run(connection, optionsOf) : []),
    ],
    change: async (connection) => {
      await run(
        connection,
        `alter role limited with nologin createdb connection limit 9 valid until '2001-01-01'`,
        `alter role limited set work_mem to '1MB'`,
        `comment on role "select" is 'another'`,
        `revoke admin option for team from leader cascade`,
        `drop role "$$"`,
      );
    },
    runningPrograms,
  }));
}
