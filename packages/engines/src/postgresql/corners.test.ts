import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Secret, type Connection } from '@holdfast/shared/domain';
import { calm, contentOf, dumpOf, failureOf, newDatabase } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

const longest = `${'n'.repeat(61)}é`;
const odd = ['%', '\\', '%s\\n"', "it's", longest];
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe('odd corners of a PostgreSQL database', () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  const database = async (...statements: string[]): Promise<Connection> => {
    const connection = await newDatabase('empty', server);
    await server.query(connection.database, ...statements);
    return connection;
  };

  /** Backs a database up with its content measured, and restores it beside itself. */
  const roundTrip = async (connection: Connection, look = contentOf): Promise<Connection> => {
    const dump = await engine.dump(connection, calm(), { content: 'full', contentSeconds: 30 });
    const archive = await buffer(dump.stream);
    const expected = await dump.content;
    expect(expected?.missing).to.deep.equal([]);
    const name = `${connection.database}_copy`;
    const request = {
      target: { mode: 'new_database', database: name },
      ownership: 'keep',
      restoreId: randomUUID(),
      ...(expected && { expected }),
    } as const;
    await engine.restore(connection, request, Readable.from([archive]), calm());
    const copy = { ...connection, database: name };
    expect(await look(copy)).to.deep.equal(await look(connection));
    return copy;
  };

  it('come back: names of any sign and length, unlogged tables, invalid indexes, views that fail when they are read', async () => {
    const named = odd.flatMap((name, index) => [
      `create role ${quote(`r ${name}`.slice(0, 60))}`,
      `create schema ${quote(name)} authorization ${quote(`r ${name}`.slice(0, 60))}`,
      `create table ${quote(name)}.${quote(name)} (${quote(name)} int primary key, ${quote(`${name.slice(0, 60)}2`)} text default '%s\\')`,
      `insert into ${quote(name)}.${quote(name)} values (${index})`,
      `create function ${quote(name)}.${quote(name)}(${quote(name)} int) returns int language sql as 'select 1'`,
      `comment on table ${quote(name)}.${quote(name)} is '${name.replaceAll("'", "''")}'`,
    ]);
    const connection = await database(
      ...named,
      'create unlogged table scratch (n int)',
      'insert into scratch values (1), (1)',
      'create view fails as select 1 / (n - 1) as n from scratch',
    );
    await server.query(connection.database, 'create unique index concurrently invalid on scratch (n)').catch(() => []);
    const invalid = `select count(*)::int as n from pg_index where not indisvalid`;
    expect(await server.query(connection.database, invalid)).to.deep.equal([{ n: 1 }]);
    await server.query(
      connection.database,
      'drop view fails',
      'create view fails as select 1 / (n - n) as n from scratch',
    );
    const dump = await dumpOf(engine, connection);
    expect(dump.length).to.be.greaterThan(0);
    await server.query(connection.database, 'drop index invalid');
    await roundTrip(connection);
  });

  it('event triggers come back, and stop nothing of the restore that brings them', async () => {
    const connection = await database(
      'create table t (n int)',
      'insert into t values (1)',
      'create materialized view m as select * from t',
      `create function refuse() returns event_trigger language plpgsql as $$ begin raise exception 'not allowed: %', tg_tag; end $$`,
      'create event trigger refuse_all on ddl_command_start execute function refuse()',
    );
    const copy = await roundTrip(connection);
    const refused = await server.query(copy.database, 'create table x (n int)').catch((error: Error) => error.message);
    expect(refused).to.contain('not allowed: CREATE TABLE');
  });

  it('subscriptions come back switched off, publications as they were', async () => {
    const connection = await database(
      'create table t (n int)',
      'create publication p for table t',
      `create subscription "odd ""s""" connection 'dbname=nowhere' publication p with (connect = false, slot_name = none)`,
    );
    const copy = await roundTrip(connection);
    const found = await server.query(
      copy.database,
      `select subname, subenabled, (select array_agg(pubname::text) from pg_publication) as published
       from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()`,
    );
    expect(found).to.deep.equal([{ subname: 'odd "s"', subenabled: false, published: ['p'] }]);
  });

  it('what the user may not see is named, where pg_dump would leave it out without a word', async () => {
    const connection = await database(
      `create role looker login password 'looker' in role pg_read_all_data`,
      'create extension postgres_fdw',
      `create server "far ""away""" foreign data wrapper postgres_fdw options (host 'nowhere')`,
      `create user mapping for public server "far ""away""" options (user 'u', password 'hunter2')`,
      `create subscription hidden connection 'dbname=nowhere password=hunter2' publication p with (connect = false, slot_name = none)`,
    );
    const looker = { ...connection, user: 'looker', password: new Secret('looker') };
    const seen = (await engine.probe(connection, calm())).warnings ?? [];
    expect(seen.join(' ')).to.not.match(/Subscriptions|mapped/);
    for (const { warnings = [] } of [await engine.probe(looker, calm()), await engine.dump(looker, calm())]) {
      expect(warnings.join(' ')).to.contain('Subscriptions are not in the backup').and.contain('"hidden"');
      expect(warnings.join(' ')).to.contain('"looker" may not read it: "far ""away""".');
      expect(warnings.join(' ')).to.not.contain('hunter2');
    }
    const copy = await roundTrip(connection);
    const [mapping] = await server.query(
      copy.database,
      `select umoptions @> '{user=u,password=hunter2}' as whole from pg_user_mappings`,
    );
    expect(mapping).to.deep.equal({ whole: true });
  });

  it('a database that is closed to connections is told as such, before any work', async () => {
    const connection = await database();
    await server.query('postgres', `alter database ${connection.database} allow_connections false`);
    const error = await failureOf(engine.dump(connection, calm()), 'dump_failed');
    expect(error.message).to.contain('not currently accepting connections');
  });

  it('a thousand tables take no long time and no lock table of unusual size', async () => {
    const connection = await database(
      `do $$ begin for i in 1..1000 loop
         execute format('create table many_%s (id int primary key, t text default %L)', i, i);
         if i % 500 = 0 then commit; end if;
       end loop; end $$`,
      `insert into many_7 values (7, 'seven')`,
    );
    // What is measured in the dump is compared by the restore; a look at each table would take longer than both.
    await roundTrip(connection, async ({ database }) => [
      JSON.stringify(await server.query(database, 'select * from many_7')),
      JSON.stringify(await server.query(database, `select count(*) from pg_class where relname ~ '^many_'`)),
    ]);
  });
});
