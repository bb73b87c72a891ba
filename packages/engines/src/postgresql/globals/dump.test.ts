import { buffer } from 'node:stream/consumers';
import { searchPath } from '@holdfast/shared/config';
import { HoldfastError, type Connection, type EngineGlobals } from '@holdfast/shared/domain';
import {
  calm,
  connectionTo,
  failureOf,
  fakePrograms,
  fillRoles,
  newDatabase,
  oddDatabaseNames,
  oddRoleNames,
} from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { runningPrograms } from '../../process/index.ts';
import { Clients } from '../clients.ts';
import { postgresqlGlobals } from './index.ts';
import { readGlobals } from './read.ts';

const globals = postgresqlGlobals(new Clients(searchPath()));

/** Globals by a pg_dumpall that answers for its version and then does as told. */
const globalsWith = (source: string): EngineGlobals => {
  const version = `if (process.argv[2] === '--version') { console.log('pg_dumpall (PostgreSQL) 15.99'); process.exit(0); }`;
  return postgresqlGlobals(new Clients([fakePrograms({ pg_dumpall: `${version}\n${source}` })], []));
};

describe("dump of PostgreSQL's roles", () => {
  let server: TestPostgres;
  let connection: Connection;

  before(async () => {
    server = await startPostgres();
    connection = connectionTo(server, 'postgres');
    await fillRoles(connection);
  });
  afterEach(() => until('no program runs', 10, () => runningPrograms().length === 0));

  const textOf = async (source: Connection, by = globals): Promise<string> =>
    (await buffer((await by.dump(source, calm())).stream)).toString('utf8');

  it('fails when pg_dumpall writes what looks whole and exits 1', async () => {
    const failing = globalsWith(
      `process.stdout.write('CREATE ROLE x;', () => { console.error('boom ' + process.env.PGPASSWORD); process.exitCode = 1; })`,
    );
    const error = await failureOf(textOf(connection, failing), 'dump_failed', connection.password?.reveal());
    expect(error.message).to.contain('boom [redacted]');
  });

  it('fails when pg_dumpall exits 0 and wrote nothing', async () => {
    expect((await failureOf(textOf(connection, globalsWith('')), 'dump_failed')).message).to.contain('wrote nothing');
  });

  it('fails when a signal ends pg_dumpall', async () => {
    const killed = globalsWith(`process.stdout.write('CREATE', () => process.kill(process.pid, 'SIGTERM'))`);
    await failureOf(textOf(connection, killed), 'dump_killed');
  });

  it('ends a pg_dumpall that hangs when the signal is aborted', async () => {
    const controller = new AbortController();
    const { stream } = await globalsWith('setInterval(() => {}, 1000)').dump(connection, controller);
    controller.abort(new HoldfastError('lease_lost'));
    await failureOf(buffer(stream), 'lease_lost');
  });

  it('refuses a server that is newer than pg_dumpall, and one without any, up front', async () => {
    const newer = await startPostgres({ major: 16 });
    const target = connectionTo(newer, 'postgres');
    expect((await failureOf(globalsWith('').dump(target, calm()), 'client_too_old')).message).to.contain('pg_dumpall');
    const none = postgresqlGlobals(new Clients([], []));
    expect((await failureOf(none.dump(target, calm()), 'client_missing')).message).to.contain('pg_dumpall');
    await newer.stop();
  });

  it('holds no password, not even a hash of one', async () => {
    const text = await textOf(connection);
    expect(text).to.contain('CREATE ROLE leader;');
    expect(text).to.not.match(/PASSWORD|SCRAM|md5|p4ssword/);
  });

  it('is read back with every odd name in it', async () => {
    const names = readGlobals(await textOf(connection)).roles.map(({ name }) => name);
    expect(names).to.include.members([...oddRoleNames]);
  });

  it('is made from a database of any name', async () => {
    for (const name of oddDatabaseNames) {
      const odd = await newDatabase('empty', server, name);
      expect(readGlobals(await textOf(odd)).roles, name).to.not.have.length(0);
    }
  });

  it("writes times and strings alike whatever the server's settings are", async () => {
    const database = 'odd settings';
    await server.query(
      'postgres',
      `create database "${database}" encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`,
      `alter database "${database}" set datestyle to 'SQL, DMY'`,
      `alter database "${database}" set timezone to 'Asia/Kathmandu'`,
      `alter database "${database}" set standard_conforming_strings to off`,
    );
    // Shared catalogs have no encoding of their own: what is written there has that of the session's database.
    await server.query(database, 'create role accented', `comment on role accented is E'é \\\\ ''x'''`);
    const { roles } = readGlobals(await textOf({ ...connection, database }));
    expect(roles.find(({ name }) => name === 'limited')?.attributes.validUntil).to.equal('2030-02-01 04:30:00+00');
    expect(roles.find(({ name }) => name === 'accented')?.comment).to.equal("é \\ 'x'");
  });

  it('holds nothing that a restore would refuse', async () => {
    await server.query('postgres', 'grant set, alter system on parameter work_mem to leader with grant option');
    expect(readGlobals(await textOf(connection)).roles).to.not.have.length(0);
  });
});
