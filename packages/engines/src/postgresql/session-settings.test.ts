import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { ForgottenSecret, Secret, type Connection } from '@holdfast/shared/domain';
import { calm, connectionTo, contentOf, newDatabase } from '@holdfast/testing/engines';
import { startPostgres, type Major, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { withSession } from './session.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

/** What a database's owner can set so that it holds for everybody who connects. */
const obstacles = [
  'default_transaction_read_only to on',
  'default_transaction_deferrable to on',
  `default_transaction_isolation to 'serializable'`,
  `statement_timeout to '200ms'`,
  `lock_timeout to '200ms'`,
  `idle_in_transaction_session_timeout to '200ms'`,
  `idle_session_timeout to '200ms'`,
  `client_encoding to 'LATIN1'`,
  `datestyle to 'SQL, DMY'`,
  `intervalstyle to 'iso_8601'`,
  `timezone to 'Asia/Kathmandu'`,
  `bytea_output to 'escape'`,
  'extra_float_digits to -15',
  'quote_all_identifiers to on',
  'array_nulls to off',
  'transform_null_equals to on',
  'standard_conforming_strings to off',
  'row_security to off',
  'session_replication_role to replica',
  `default_tablespace to 'nowhere'`,
  `search_path to 'nowhere', 'pg_catalog'`,
];

describe('a session without its password', () => {
  it('is not begun: that it was forgotten is said before the server is asked for anything', async () => {
    const password = new ForgottenSecret('The password was forgotten.');
    const nowhere = { host: '127.0.0.1', port: 1, user: 'u', database: 'd', options: {}, password };
    const error = await engine.probe(nowhere, calm()).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'secret_forgotten' });
  });
});

describe("settings of a database and of the user's role", () => {
  let server: TestPostgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  const backUp = async (connection: Connection): Promise<{ archive: Buffer; missing: readonly string[] }> => {
    const dump = await engine.dump(connection, calm(), { content: 'full', contentSeconds: 30 });
    const archive = await buffer(dump.stream);
    return { archive, missing: (await dump.content)?.missing ?? ['all of it'] };
  };

  it('of a database steer neither its backup nor its restore', async () => {
    const connection = await newDatabase('sample', server);
    const { database } = connection;
    await server.query(
      database,
      `create role owner_of_it`,
      ...[...obstacles, 'role to owner_of_it'].map((obstacle) => `alter database ${database} set ${obstacle}`),
    );
    expect((await engine.probe(connection, calm())).missingPrivileges).to.deep.equal([]);
    const { archive, missing } = await backUp(connection);
    expect(missing).to.deep.equal([]);
    const target = { mode: 'in_place' } as const;
    const request = { target, ownership: 'keep', restoreId: randomUUID(), keepFormer: true } as const;
    await engine.restore(connection, request, Readable.from([archive]), calm());
    await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    await engine.dropFormer(connection, request.restoreId, calm());
  });

  it('of a database never make us run what its owner put on its search path', async () => {
    const connection = await newDatabase('sample', server);
    const { database } = connection;
    const evil = (name: string, args: string, returns: string): string =>
      `create function evil.${name}(${args}) returns ${returns} language plpgsql volatile as
         $$ begin create table if not exists public.taken (by text); return null; end $$`;
    await server.query(
      database,
      'create schema evil',
      evil('set_config', 'text, text, boolean', 'text'),
      evil('current_setting', 'text', 'text'),
      evil('pg_export_snapshot', '', 'text'),
      evil('format', 'text, text, text', 'text'),
      `alter database ${database} set search_path to 'evil', 'pg_catalog'`,
    );
    await engine.probe(connection, calm());
    const { archive } = await backUp(connection);
    const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() } as const;
    await engine.restore(connection, request, Readable.from([archive]), calm());
    expect(await server.query(database, `select to_regclass('public.taken') as taken`)).to.deep.equal([
      { taken: null },
    ]);
  });

  it('of a role end neither a long backup nor a restore that waits for its input', async () => {
    await server.query('postgres', `create role limited superuser login password 'limited'`);
    for (const obstacle of obstacles.filter((one) => !one.startsWith('client_encoding'))) {
      await server.query('postgres', `alter role limited set ${obstacle}`);
    }
    const sample = await newDatabase('sample', server);
    const connection = connectionTo(server, sample.database, { user: 'limited', password: new Secret('limited') });
    const { archive, missing } = await backUp(connection);
    expect(missing).to.deep.equal([]);
    const before = await contentOf(sample);
    const slowly = async function* (): AsyncGenerator<Buffer> {
      yield archive.subarray(0, archive.length / 2);
      // Longer than the limits.
      await delay(600);
      yield archive.subarray(archive.length / 2);
    };
    const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() } as const;
    await engine.restore(connection, request, Readable.from(slowly()), calm());
    expect(await contentOf(sample)).to.deep.equal(before);
  });

  it('let a user work in the role that was set for itself, and in no other', async () => {
    const { database } = await newDatabase('empty', server);
    await server.query(
      database,
      `create role keeper login noinherit password 'keeper'`,
      `create role group_of_it`,
      `create role other`,
      `grant group_of_it, other to keeper`,
      `create table theirs (n int)`,
      `alter table theirs owner to group_of_it`,
      `alter role keeper set role to group_of_it`,
      `alter database ${database} set role to other`,
    );
    const connection = connectionTo(server, database, { user: 'keeper', password: new Secret('keeper') });
    expect((await engine.probe(connection, calm())).missingPrivileges).to.deep.equal([]);
    expect((await backUp(connection)).archive.length).to.be.greaterThan(1000);
  });
});

describe('a session', () => {
  for (const major of [16, 18] as const satisfies Major[]) {
    it(`is not ended by limits that PostgreSQL ${major} knows`, async () => {
      const server = await startPostgres({ major });
      const limits = ['statement_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout'];
      if (major >= 17) limits.push('transaction_timeout');
      await server.query('postgres', ...limits.map((limit) => `alter role postgres set ${limit} = 5000`));
      const found = await withSession(
        connectionTo(server, 'postgres'),
        { ...calm(), lockTimeoutMs: 1000, fallback: 'internal' },
        (session) =>
          session.query(`select ${limits.map((limit) => `current_setting('${limit}') as ${limit}`).join(', ')}`),
      );
      await server.stop();
      expect(found).to.deep.equal([Object.fromEntries(limits.map((limit) => [limit, '0']))]);
    });
  }
});
