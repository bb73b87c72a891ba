import type { Connection, Engine } from '@holdfast/shared/domain';
import { fakePrograms, type EngineSubject, type SubjectContent } from '@holdfast/testing/engines';
import { newerDebian, startMysql, type Flavour } from '@holdfast/testing/mysql';
import { createEngines } from '../../index.ts';
import { runningPrograms } from '../../process/index.ts';
import { MysqlClients } from '../../mysql/clients.ts';
import { mysqlEngine } from '../../mysql/engine.ts';
import { mariadb, mysql } from '../../mysql/flavour.ts';
import { contentOf, databaseNames, openClient } from './content.ts';
import { newDatabase, sample } from './databases.ts';

/** What the programs of a flavour say of themselves in some version. */
const saysOfItself = {
  mysql: (version: string) => `mysqldump  Ver ${version} for Linux on x86_64 (Source distribution)`,
  mariadb: (version: string) => `mariadb-dump  Ver 10.19 Distrib ${version}-MariaDB, for Linux (x86_64)`,
} as const satisfies Record<Flavour, (version: string) => string>;

const dumpName = { mysql: 'mysqldump', mariadb: 'mariadb-dump' } as const;

/** The folder of the newer Debian's programs is where those of MySQL are. */
export const clientFolders = (): string[] => [newerDebian() ?? ''].filter((folder) => folder !== '');

export const realEngine = (flavour: Flavour): Engine => createEngines({ clientFolders: clientFolders() }).get(flavour);

/** An engine whose dump program answers for its version and then does as told. */
export function engineWith(flavour: Flavour, version: string, source: string): Engine {
  const answer = `if (process.argv[2] === '--version') { console.log(${JSON.stringify(saysOfItself[flavour](version))}); process.exit(0); }`;
  const folder = fakePrograms({ [dumpName[flavour]]: `${answer}\n${source}` });
  return mysqlEngine(flavour === 'mysql' ? mysql : mariadb, new MysqlClients([folder]), 60_000);
}

async function database(flavour: Flavour, content: SubjectContent): Promise<Connection> {
  if (content === 'empty') return newDatabase(flavour);
  if (content === 'odd') {
    const statements = sample(flavour).filter((text) => flavour === 'mysql' || !text.startsWith('CREATE EVENT'));
    return newDatabase(flavour, statements, { name: `Odd 'db' "x" ü; -- \`$(id)\`` });
  }
  if (content === 'sample') return newDatabase(flavour, sample(flavour));
  return newDatabase(flavour, [
    'CREATE TABLE huge (id INT, content LONGTEXT)',
    `INSERT INTO huge VALUES (1, REPEAT('0123456789abcdef', 3276800))`,
  ]);
}

export const subject = async (flavour: Flavour): Promise<EngineSubject> => ({
  engine: realEngine(flavour),
  database: (content) => database(flavour, content),
  content: contentOf,
  change: async (connection) => {
    const client = await openClient(connection, connection.database);
    await client.query('CREATE TABLE IF NOT EXISTS added (n INT)');
    await client.query('INSERT INTO added VALUES (1)');
    await client.query('CREATE OR REPLACE VIEW added_too AS SELECT n FROM added');
    await client.end();
  },
  stayConnected: async (connection) => {
    const client = await openClient(connection, connection.database);
    return { close: () => client.end() };
  },
  names: databaseNames,
  newName: ({ database: name }, purpose) => `${name.slice(0, 40)}_${purpose}`,
  runningPrograms,
  fakeDump: (source) => engineWith(flavour, '99.0.1', source),
  ownServer: async () => {
    const server = await startMysql({ flavour });
    return { connection: await newDatabase(flavour, sample(flavour), { server }), stop: () => server.stop() };
  },
  tooOld: async () => ({
    engine: engineWith(flavour, '5.5.1', ''),
    connection: await newDatabase(flavour),
    code: 'client_too_old',
  }),
});
