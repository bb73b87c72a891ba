import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { searchPath } from '@holdfast/shared/config';
import { Secret, type Connection, type ContentManifest } from '@holdfast/shared/domain';
import { calm, contentOf, failureOf, newDatabase } from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { sharedPostgres, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { Clients } from './clients.ts';
import { postgresqlEngine } from './engine.ts';

const engine = postgresqlEngine(new Clients([...searchPath(), ...[newerDebian()].flatMap((folder) => folder ?? [])]));

interface Backup {
  archive: Buffer;
  expected: ContentManifest;
}

async function backUp(connection: Connection): Promise<Backup> {
  const dump = await engine.dump(connection, calm(), { content: 'full', contentSeconds: 30 });
  const archive = await buffer(dump.stream);
  const expected = await dump.content;
  if (!expected) throw new Error('It was not measured.');
  expect(expected.missing).to.deep.equal([]);
  return { archive, expected };
}

const into = (database: string) =>
  ({ target: { mode: 'new_database', database }, ownership: 'keep', restoreId: randomUUID() }) as const;

const restore = (
  connection: Connection,
  request: Parameters<typeof engine.restore>[1],
  { archive, expected }: Backup,
) => engine.restore(connection, { ...request, expected }, Readable.from([archive]), calm());

describe('extensions of a PostgreSQL database', () => {
  it('come back in their schemas, the needed ones first, what they made only once, and what uses them equal', async () => {
    const server = await sharedPostgres();
    const connection = await newDatabase('empty', server);
    await server.query(
      connection.database,
      'create schema "Ext s"',
      `create extension hstore with schema "Ext s" version '1.7'`,
      'create extension cube',
      'create extension earthdistance',
      'create extension pg_trgm',
      'create extension lo',
      `create table a_first (id int primary key, h "Ext s".hstore default 'a=>1', at cube, l lo)`,
      `insert into a_first values (1, 'b=>2', cube(array[1, 2]), lo_from_bytea(0, 'large'))`,
      `create index on a_first using gin (h)`,
      `create index on a_first using gin ((h::text) gin_trgm_ops)`,
      `create view far as select earth_distance(ll_to_earth(1, 2), ll_to_earth(2, 3)) as metres`,
      `comment on extension hstore is 'ours'`,
    );
    const backup = await backUp(connection);
    const name = `${connection.database}_copy`;
    await restore(connection, into(name), backup);
    // Another version of an extension has other functions.
    const ours = async (database: string): Promise<string[]> =>
      (await contentOf({ ...connection, database })).filter((line) => !line.startsWith('functions'));
    expect(await ours(name)).to.deep.equal(await ours(connection.database));
    const versions = await server.query(name, `select extversion from pg_extension where extname = 'hstore'`);
    // Not the version of the source, but the one that the server makes.
    expect(versions).to.deep.equal([{ extversion: '1.8' }]);
    const subject = {
      serverVersion: '15.1',
      tool: { name: 'pg_dump', version: '15.1' },
      plainBytes: 1,
      content: backup.expected,
    };
    const findings = await engine.preflight(connection, into('x'), subject, calm());
    expect(findings.map(({ message }) => message).join(' ')).to.contain(
      '"hstore" in version 1.7, the server makes 1.8',
    );
  });

  it('that are trusted come back by a user who is no superuser, but owns what is restored', async () => {
    const server = await sharedPostgres();
    const connection = await newDatabase('empty', server);
    const user = `trusting_${process.pid}`;
    await server.query(
      connection.database,
      `create role ${user} login createdb password 'trusting'`,
      `alter database ${connection.database} owner to ${user}`,
      `grant all on schema public to ${user}`,
      `set role ${user}`,
      'create extension citext',
      'create table names (n citext primary key)',
      `insert into names values ('Ann')`,
    );
    const own = { ...connection, user, password: new Secret('trusting') };
    const name = `${connection.database}_copy`;
    await restore(own, { ...into(name), ownership: 'skip' }, await backUp(own));
    expect(await contentOf({ ...own, database: name })).to.deep.equal(await contentOf(own));
  });

  describe('of our own making', () => {
    let source: TestPostgres;
    let other: TestPostgres;
    let folder: string;
    before(async function () {
      if (newerDebian() === null) return this.skip();
      folder = mkdtempSync(join(tmpdir(), 'holdfast-extension-'));
      const place = join(folder, 'extension');
      mkdirSync(place);
      for (const path of [folder, place]) chmodSync(path, 0o755);
      const control = `default_version = '1.0'\nrelocatable = false\nschema = 'ours'\ncomment = 'for a test'\n`;
      writeFileSync(join(place, 'ours.control'), control);
      const script = [
        'create table config (key text primary key, value text, standard boolean default false);',
        `insert into config values ('from the extension', 'x', true);`,
        `select pg_catalog.pg_extension_config_dump('config', 'where not standard');`,
        'create table internal (n int);',
        'insert into internal values (1);',
        `create function answer() returns int language sql as 'select 42';`,
      ].join('\n');
      writeFileSync(join(place, 'ours--1.0.sql'), script);
      const settings = { extension_control_path: `${folder}:$system` };
      [source, other] = await Promise.all([startPostgres({ major: 18, settings }), startPostgres({ major: 18 })]);
    });
    after(async () => {
      await Promise.all([source, other].map((server) => server?.stop()));
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    const filled = async (): Promise<Connection> => {
      const connection = await newDatabase('empty', source);
      await source.query(
        connection.database,
        'create extension ours',
        `insert into ours.config values ('mine', 'y')`,
        `create table uses (n int default ours.answer())`,
        'insert into uses default values',
      );
      return connection;
    };

    it('bring back the rows that users put into their configuration, and their own rows once', async () => {
      const connection = await filled();
      const name = `${connection.database}_copy`;
      await restore(connection, into(name), await backUp(connection));
      const rows = await source.query(name, 'select key from ours.config order by 1');
      expect(rows).to.deep.equal([{ key: 'from the extension' }, { key: 'mine' }]);
      expect(await source.query(name, 'select n from uses')).to.deep.equal([{ n: 42 }]);
    });

    it('that the server does not have stop a restore at its beginning, with the name, and leave the target as it was', async () => {
      const backup = await backUp(await filled());
      const target = await newDatabase('sample', other);
      const before = await contentOf(target);
      const names = `select datname from pg_database order by 1`;
      const databases = await other.query('postgres', names);
      const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() } as const;
      const subject = {
        serverVersion: '18.1',
        tool: { name: 'pg_dump', version: '18.1' },
        plainBytes: 1,
        content: backup.expected,
      };
      const [finding] = await engine.preflight(target, request, subject, calm());
      expect(finding).to.include({ severity: 'blocker', code: 'extension' });
      const { message } = await failureOf(restore(target, request, backup), 'restore_failed');
      expect(message).to.contain('"ours"');
      expect(await contentOf(target)).to.deep.equal(before);
      expect(await other.query('postgres', names)).to.deep.equal(databases);
    });
  });
});
