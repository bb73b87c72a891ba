import { randomUUID } from 'node:crypto';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Secret, type Connection, type OwnershipMode, type RestoreReport } from '@holdfast/shared/domain';
import { isRoot } from '@holdfast/embedded';
import { calm, connectionTo, contentOf, dumpOf, newDatabase } from '@holdfast/testing/engines';
import { sharedPostgres, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../../index.ts';
import { withSession } from '../session.ts';
import { createDatabase } from './create.ts';
import { readArchivedDatabase } from './database.ts';
import { readCreation, readGrants, readProperties } from './statements.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const name = `Odd 'db' "x" \\ %`;
const quoted = `"${name.replaceAll('"', '""')}"`;

const must = <T>(value: T | null): T => {
  if (value === null) throw new Error('It is missing.');
  return value;
};

const roles = ['create role "Al ice"', 'create role bob', 'create role "p%\\d"'];

/** Everything that can belong to a database itself. */
const belongings = [
  `alter database ${quoted} owner to "Al ice"`,
  `comment on database ${quoted} is 'it''s \\ "mine"'`,
  `alter database ${quoted} connection limit 7`,
  `alter database ${quoted} is_template true`,
  `alter database ${quoted} set search_path = "$user", 'Odd "x"', public`,
  `alter database ${quoted} set work_mem = '7MB'`,
  `alter database ${quoted} set "my.app" = E'it''s \\\\ x; \\n'`,
  `alter database ${quoted} set default_transaction_read_only = on`,
  `alter role bob in database ${quoted} set datestyle = 'ISO, DMY'`,
  `revoke all on database ${quoted} from public`,
  `grant connect on database ${quoted} to bob with grant option`,
  `grant temporary, create on database ${quoted} to "p%\\d"`,
];

/** What is there of it, one line for each thing. */
async function belongingsOf(server: TestPostgres, database: string): Promise<unknown> {
  const [row] = await server.query(
    'postgres',
    `select pg_get_userbyid(d.datdba) as owner, shobj_description(d.oid, 'pg_database') as comment, d.datconnlimit, d.datistemplate,
       pg_encoding_to_char(d.encoding) as encoding, d.datcollate, d.datctype, d.datlocprovider, d.daticulocale, t.spcname,
       (select array_agg(concat_ws(' ', s.setrole::regrole, s.setconfig) order by s.setrole::regrole::text) from pg_db_role_setting s
         where s.setdatabase = d.oid) as settings,
       (select array_agg(concat_ws(' ', a.grantee::regrole, a.privilege_type, a.is_grantable) order by a.grantee::regrole::text, a.privilege_type)
         from aclexplode(d.datacl) a) as privileges
     from pg_database d join pg_tablespace t on t.oid = d.dattablespace
     where d.datname = '${database.replaceAll("'", "''")}'`,
  );
  return row;
}

describe('what belongs to a database itself', () => {
  let source: TestPostgres;
  let empty: TestPostgres;
  let archive: Buffer;
  let expected: unknown;

  const restore = async (
    server: TestPostgres,
    database: string | null,
    ownership: OwnershipMode = 'keep',
    bytes = archive,
    connection: Connection = connectionTo(server, name),
  ): Promise<RestoreReport> =>
    engine.restore(
      connection,
      {
        target: database === null ? { mode: 'in_place' } : { mode: 'new_database', database },
        ownership,
        restoreId: randomUUID(),
      },
      Readable.from([bytes]),
      calm(),
    );

  const placeIn = (server: TestPostgres, folder: string): string => {
    const path = join(server.dataDir, folder);
    mkdirSync(path);
    if (isRoot()) chownSync(path, 65534, 65534);
    return path;
  };

  before(async () => {
    [source, empty] = await Promise.all([startPostgres(), startPostgres()]);
    await source.query(
      'postgres',
      ...roles,
      `create tablespace "Fast ""one""" location '${placeIn(source, 'fast')}'`,
      `create database ${quoted} template template0 encoding 'UTF8' locale_provider icu icu_locale 'de-DE' tablespace "Fast ""one"""`,
    );
    await source.query(
      name,
      `create table t (n int primary key)`,
      `insert into t select generate_series(1, 10)`,
      `create table fast (n int) tablespace "Fast ""one"""`,
      `insert into fast values (7)`,
      ...belongings,
    );
    await empty.query('postgres', `create role restorer login createdb password 'restorer'`);
    archive = await dumpOf(engine, connectionTo(source, name));
    expected = await belongingsOf(source, name);
  });
  after(() => Promise.all([source.stop(), empty.stop()]));

  it('comes back when the database was dropped, or is restored as a new one beside it', async () => {
    const copy = await restore(source, 'copy');
    expect(copy.outcome).to.match(/^Database "copy" was created with the content of the backup\.$/);
    const restored = (await belongingsOf(source, 'copy')) as { comment: string };
    const [mark, ...comment] = restored.comment.split('\n');
    expect(mark).to.match(/^Restored by Holdfast \(restore [0-9a-f-]+\)$/);
    expect({ ...restored, comment: comment.join('\n') }).to.deep.equal(expected);

    await source.query(
      'postgres',
      `alter database ${quoted} is_template false`,
      `drop database ${quoted} with (force)`,
    );
    await restore(source, null);
    expect(await belongingsOf(source, name)).to.deep.equal(expected);
  });

  it('comes back on another, empty server that has the roles', async () => {
    await empty.query('postgres', ...roles);
    const { outcome } = await restore(empty, null);
    expect(outcome).to.contain('because the server has no "Fast ""one"""');
    expect(await belongingsOf(empty, name)).to.deep.equal({ ...(expected as object), spcname: 'pg_default' });
    expect(await contentOf(connectionTo(empty, name))).to.deep.equal(await contentOf(connectionTo(source, name)));
  });

  it('leaves out with a word, and without a failure, what names roles that are not there or what the user may not set', async () => {
    const connection = connectionTo(empty, 'mine', { user: 'restorer', password: new Secret('restorer') });
    await source.query('postgres', 'create database demanding');
    await source.query(
      'demanding',
      `alter database demanding set log_statement = 'all'`,
      `alter database demanding set "my.secret" = 'p4ssword'`,
      `alter database demanding set datestyle = 'SQL, DMY'`,
      `create role nowhere_else`,
      `create role never_here`,
      `grant create on database demanding to never_here`,
      `alter role nowhere_else in database demanding set work_mem = '3MB'`,
      `alter database demanding owner to nowhere_else`,
    );
    const bytes = await dumpOf(engine, connectionTo(source, 'demanding'));
    const { outcome } = await restore(empty, null, 'keep', bytes, connection);
    expect(outcome).to.contain('these were left out: the setting log_statement, the setting my.secret.');
    expect(outcome).to.contain('for roles that the server does not have: "nowhere_else", "never_here"');
    expect(outcome).to.contain('belongs to the connecting user, because there is no role "nowhere_else"');
    expect(outcome).to.not.contain('p4ssword');
    expect(await belongingsOf(empty, 'mine')).to.include({ owner: 'restorer', spcname: 'pg_default' });
    const shown = await empty.query(
      'mine',
      `select current_setting('datestyle') as style, current_setting('work_mem') as mem`,
    );
    expect(shown).to.deep.equal([{ style: 'SQL, DMY', mem: '4MB' }]);
  });

  it('is of no role where everything is given to the connecting user', async () => {
    const { outcome } = await restore(empty, 'skipping', 'skip');
    expect(outcome).to.not.contain('left out');
    const restored = (await belongingsOf(empty, 'skipping')) as Record<string, unknown>;
    expect(restored).to.include({ owner: 'postgres', privileges: null, datconnlimit: 7, daticulocale: 'de-DE' });
    expect(restored['settings']).to.have.length(1);
  });

  it('of the database in use stays as it is in a restore in place, whatever the backup says', async () => {
    await source.query(
      'postgres',
      'create database used template template0',
      'alter database used set work_mem = 1000',
    );
    const bytes = await dumpOf(engine, connectionTo(source, 'used'));
    await source.query(
      'postgres',
      'alter database used reset all',
      'alter database used connection limit 3',
      'revoke connect on database used from public',
    );
    const before = await belongingsOf(source, 'used');
    await restore(source, null, 'keep', bytes, connectionTo(source, 'used'));
    expect(await belongingsOf(source, 'used')).to.deep.equal(before);
  });

  it('belongs to the connecting user, and says so, where its owner is a role that this user may not give it to', async () => {
    await empty.query('postgres', 'create role "not mine"');
    const archived = await readArchivedDatabase(Readable.from([archive]), false);
    const user = { user: 'restorer', password: new Secret('restorer') };
    const said = await withSession(
      connectionTo(empty, 'postgres', user),
      { ...calm(), lockTimeoutMs: 1000, fallback: 'restore_failed' },
      (session) =>
        createDatabase(session, {
          name: 'unowned',
          target: { mode: 'in_place' },
          ownership: 'keep',
          registered: null,
          archived: { ...archived, owner: 'not mine' },
        }),
    );
    expect(said.join(' ')).to.contain('because there is no role "not mine" that it may be given to');
    expect(await belongingsOf(empty, 'unowned')).to.include({ owner: 'restorer', daticulocale: 'de-DE' });
  });

  it('has the locale of the server, and says so, where that does not know the one of the backup', async () => {
    const archived = await readArchivedDatabase(Readable.from([archive]), false);
    const kind = { ...must(archived.kind), provider: 'libc', locale: null, collate: 'xx_XX', ctype: 'xx_XX' } as const;
    const said = await withSession(
      connectionTo(empty, 'postgres'),
      { ...calm(), lockTimeoutMs: 1000, fallback: 'restore_failed' },
      (session) =>
        createDatabase(session, {
          name: 'foreign',
          target: { mode: 'in_place' },
          ownership: 'keep',
          registered: null,
          archived: { ...archived, kind },
        }),
    );
    expect(said.join(' ')).to.contain('encoding UTF8 and locale xx_XX as in the backup');
    expect(await belongingsOf(empty, 'foreign')).to.include({ owner: 'Al ice', encoding: 'UTF8' });
  });
});

describe('what an archive says of its database', () => {
  it('is nothing where the archive is none or of a format that is not known, and all bytes are put back', async () => {
    const { database } = await newDatabase('empty');
    const newer = await dumpOf(engine, connectionTo(await sharedPostgres(), database));
    newer.writeUInt8(99, 6);
    for (const bytes of [Buffer.from('no archive at all'), newer]) {
      const input = Readable.from([bytes], { objectMode: false });
      const { kind, settings, tablespaces } = await readArchivedDatabase(input, true);
      expect({ kind, settings, tablespaces: tablespaces.size }).to.deep.equal({
        kind: null,
        settings: [],
        tablespaces: 0,
      });
      expect((await buffer(input)).equals(bytes)).to.equal(true);
    }
  });

  it('is read from nothing but what pg_dump writes', () => {
    expect(readGrants('GRANT CONNECT ON DATABASE x TO y; DROP DATABASE z;')).to.equal(null);
    expect(readProperties(`ALTER DATABASE x SET a TO 'b'; ALTER ROLE postgres SUPERUSER;`)).to.equal(null);
    expect(readProperties(`ALTER DATABASE x SET a TO '\uFFFD';`)).to.equal(null);
    expect(readCreation(`CREATE DATABASE x WITH TEMPLATE = template0 ENCODING = 'UTF8'; SELECT 1;`)).to.equal(null);
    const start = `CREATE DATABASE x WITH ENCODING = 'UTF8' LC_COLLATE = 'C' LC_CTYPE = 'de'`;
    expect(readCreation(`${start} STRATEGY = x;`)).to.equal(null);
    expect(readCreation(`${start};`)).to.include({ encoding: 'UTF8', collate: 'C', ctype: 'de', provider: 'libc' });
  });
});
