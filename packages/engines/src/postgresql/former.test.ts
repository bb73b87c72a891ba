import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Secret, type Connection, type RestoreRequest } from '@holdfast/shared/domain';
import {
  calm,
  connectionTo,
  contentOf,
  dumpOf,
  failureOf,
  newDatabase,
  oddDatabaseNames,
  openClient,
} from '@holdfast/testing/engines';
import { sharedPostgres, startPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { restoreNames } from './names.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const keeping = (): RestoreRequest => ({
  target: { mode: 'in_place' },
  ownership: 'keep',
  restoreId: randomUUID(),
  keepFormer: true,
});
const restore = (connection: Connection, request: RestoreRequest, archive: Buffer): ReturnType<typeof engine.restore> =>
  engine.restore(connection, request, Readable.from([archive]), calm());

/** Statements of the shared server's superuser. */
const admin = async (...statements: string[]): Promise<Record<string, unknown>[]> =>
  (await sharedPostgres()).query('postgres', ...statements);
const exists = async (name: string): Promise<boolean> =>
  (await admin(`select from pg_database where datname = '${name.replaceAll("'", "''")}'`)).length > 0;

describe('former content of a restore in place', () => {
  let archive: Buffer;
  before(async () => {
    archive = await dumpOf(engine, await newDatabase('sample'));
  });

  const made: { connection: Connection; restoreId: string }[] = [];
  afterEach(async () => {
    for (const { connection, restoreId } of made.splice(0)) await engine.dropFormer(connection, restoreId, calm());
  });

  /** A database whose content was replaced, and what it held before. */
  async function replaced(name?: string): Promise<{
    connection: Connection;
    request: RestoreRequest;
    old: string[];
    kept: string;
  }> {
    const server = await sharedPostgres();
    const connection = await newDatabase('empty', server, name);
    await server.query(connection.database, 'create table old (n int)', 'insert into old values (7)');
    const old = await contentOf(connection);
    const request = keeping();
    made.push({ connection, restoreId: request.restoreId });
    const report = await restore(connection, request, archive);
    const { kept } = restoreNames(connection.database, request.restoreId);
    expect(report.former).to.equal(kept);
    expect(report.outcome).to.contain(kept);
    return { connection, request, old, kept };
  }

  it('is swapped back by undoing, and what the restore brought is kept instead and can be had again', async () => {
    const { connection, request, old, kept } = await replaced();
    const restored = await contentOf(connection);
    const outcome = await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    expect(outcome).to.contain('former content again').and.contain(kept);
    expect(await contentOf(connection)).to.deep.equal(old);
    await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    expect(await contentOf(connection)).to.deep.equal(restored);
  });

  it('is said to be where it is: back after an undoing, aside again after the next, also when that is told once more', async () => {
    const { connection, request, kept } = await replaced();
    const back = `"${connection.database}" holds its former content again; what the restore had brought is kept in database "${kept}"`;
    const forth = `"${connection.database}" holds what the restore had brought again; its former content is kept in database "${kept}"`;
    const undos = [randomUUID(), randomUUID(), randomUUID()];
    const told: string[] = [];
    for (const id of undos) told.push(await engine.undoRestore(connection, request.restoreId, id, calm()));
    expect(told).to.deep.equal([back, forth, back].map((text) => `Database ${text}.`));
    expect(await engine.undoRestore(connection, request.restoreId, String(undos[1]), calm())).to.equal(told[1]);
  });

  it('is swapped once for one undoing, however often that is done, also after a later one', async () => {
    const { connection, request, old } = await replaced();
    const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
    const said = await engine.undoRestore(connection, request.restoreId, first, calm());
    expect(await engine.undoRestore(connection, request.restoreId, first, calm())).to.equal(said);
    expect(await contentOf(connection)).to.deep.equal(old);
    await engine.undoRestore(connection, request.restoreId, second, calm());
    await engine.undoRestore(connection, request.restoreId, third, calm());
    await engine.undoRestore(connection, request.restoreId, first, calm());
    await engine.undoRestore(connection, request.restoreId, second, calm());
    expect(await contentOf(connection)).to.deep.equal(old);
  });

  it('is closed to connections while it is kept, and open when it is back', async () => {
    const { connection, request, kept } = await replaced();
    const error = await openClient({ ...connection, database: kept }).then(
      () => null,
      (refusal: unknown) => refusal,
    );
    expect(String(error)).to.contain('not currently accepting connections');
    await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    await (await openClient(connection)).end();
  });

  it('leaves settings, privileges, comment, limit and owner with the name, as they are when it is undone', async () => {
    const { connection, request } = await replaced();
    const { database } = connection;
    const about = `select pg_get_userbyid(datdba) as owner, datconnlimit, datistemplate, datallowconn,
      shobj_description(oid, 'pg_database') as comment,
      (select array_agg(x order by x) from unnest(datacl::text[]) x) as acl,
      (select array_agg(setrole::regrole || ':' || setconfig::text order by setrole) from pg_db_role_setting where setdatabase = d.oid) as settings
      from pg_database d where datname = '${database}'`;
    await admin(
      `drop role if exists former_owner`,
      `create role former_owner`,
      `alter database ${database} owner to former_owner`,
      `alter database ${database} connection limit 9`,
      `alter database ${database} set work_mem to '6MB'`,
      `alter role former_owner in database ${database} set search_path to "$user", "Odd, one"`,
      `comment on database ${database} is 'the user''s own'`,
      `revoke all on database ${database} from public`,
      `grant connect on database ${database} to pg_monitor with grant option`,
    );
    const before = await admin(about);
    await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    expect(await admin(about)).to.deep.equal(before);
    await admin(
      `alter database ${database} reset all`,
      `alter role former_owner in database ${database} reset all`,
      `comment on database ${database} is null`,
      `alter database ${database} connection limit -1`,
    );
    const changed = await admin(about);
    await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    expect(await admin(about)).to.deep.equal(changed);
    await engine.dropFormer(connection, request.restoreId, calm());
    await admin(`drop database ${database}`, `drop role former_owner`);
  });

  it('stays when the restore is cleaned up, is known again by its restore alone, and goes when it is dropped', async () => {
    const { connection, request, kept } = await replaced();
    await engine.cleanUpRestore(connection, request.restoreId, calm());
    expect(await exists(kept)).to.equal(true);
    const found = await engine.findRestored(connection, request, calm());
    expect(found?.former).to.equal(kept);
    expect(await engine.findRestored(connection, keeping(), calm())).to.equal(null);
    await engine.dropFormer(connection, randomUUID(), calm());
    expect(await exists(kept)).to.equal(true);
    await engine.dropFormer(connection, request.restoreId, calm());
    expect(await exists(kept)).to.equal(false);
    await engine.dropFormer(connection, request.restoreId, calm());
    const { restoreId } = request;
    const error = await failureOf(engine.undoRestore(connection, restoreId, randomUUID(), calm()), 'former_missing');
    expect(error.message).to.contain(kept);
  });

  it('is not taken for a leftover when the same restore is done again', async () => {
    const { connection, request, kept } = await replaced();
    const now = await contentOf(connection);
    const error = await failureOf(restore(connection, request, archive), 'restore_failed');
    expect(error.message).to.contain('in place already').and.contain(kept);
    expect(await exists(kept)).to.equal(true);
    expect(await contentOf(connection)).to.deep.equal(now);
  });

  it('comes back under its name when the database of that name was dropped', async () => {
    const { connection, request, old } = await replaced();
    await admin(`drop database ${connection.database}`);
    const undoId = randomUUID();
    await engine.undoRestore(connection, request.restoreId, undoId, calm());
    await engine.undoRestore(connection, request.restoreId, undoId, calm());
    expect(await contentOf(connection)).to.deep.equal(old);
  });

  it('is kept and swapped under any name', async () => {
    for (const name of oddDatabaseNames.map((name) => name.replace('n'.repeat(63), 'k'.repeat(63)))) {
      const { connection, request, old, kept } = await replaced(name);
      await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
      expect(await contentOf(connection)).to.deep.equal(old);
      await engine.dropFormer(connection, request.restoreId, calm());
      expect(await exists(kept)).to.equal(false);
      await admin(`drop database "${name.replaceAll('"', '""')}"`);
    }
  });

  it('is kept of a template and of the database that maintenance is done from', async () => {
    const server = await startPostgres();
    await server.query('postgres', 'create table here (n int)');
    const connection = connectionTo(server, 'postgres');
    const old = await contentOf(connection);
    const request = keeping();
    await server.query('template1', 'alter database postgres is_template true');
    await restore(connection, request, archive);
    await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    expect(await contentOf(connection)).to.deep.equal(old);
    await engine.dropFormer(connection, request.restoreId, calm());
    const rows = await server.query('template1', 'select datname, datistemplate from pg_database order by 1');
    expect(rows).to.deep.equal(
      ['postgres', 'template0', 'template1'].map((datname) => ({ datname, datistemplate: true })),
    );
    await server.stop();
  });

  it('is kept, swapped and dropped by an owner who is no superuser', async () => {
    const base = await newDatabase('empty');
    await admin(
      `drop role if exists keeper_of_it`,
      `create role keeper_of_it login createdb password 'keeps'`,
      `alter database ${base.database} owner to keeper_of_it`,
      `alter database ${base.database} set work_mem to '5MB'`,
      `comment on database ${base.database} is 'theirs'`,
    );
    const connection = { ...base, user: 'keeper_of_it', password: new Secret('keeps') };
    const request: RestoreRequest = { ...keeping(), ownership: 'skip' };
    const old = await contentOf(connection);
    const names = await admin('select datname from pg_database order by 1');
    await restore(connection, request, archive);
    await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
    expect(await contentOf(connection)).to.deep.equal(old);
    await engine.dropFormer(connection, request.restoreId, calm());
    expect(await admin('select datname from pg_database order by 1')).to.deep.equal(names);
    await admin(`drop database ${base.database}`, `drop role keeper_of_it`);
  });

  it('is of no concern to a restore that made a new database, which is dropped by that restore alone', async () => {
    const connection = await newDatabase('empty');
    const database = `${connection.database}_new`;
    const request: RestoreRequest = { ...keeping(), target: { mode: 'new_database', database } };
    expect((await restore(connection, request, archive)).former).to.equal(undefined);
    await engine.dropRestored(connection, { ...request, restoreId: randomUUID() }, calm());
    expect(await exists(database)).to.equal(true);
    await engine.dropRestored(connection, { ...request, target: { mode: 'in_place' } }, calm());
    await engine.dropRestored(connection, request, calm());
    await engine.dropRestored(connection, request, calm());
    expect(await exists(database)).to.equal(false);
    expect(await exists(connection.database)).to.equal(true);
  });
});
