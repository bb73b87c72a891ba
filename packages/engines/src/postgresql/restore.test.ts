import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { HoldfastError, Secret, type Connection, type RestoreRequest } from '@holdfast/shared/domain';
import {
  calm,
  connectionTo,
  contentOf,
  dumpOf,
  failureOf,
  fakePrograms,
  newDatabase,
  openClient,
} from '@holdfast/testing/engines';
import { sharedPostgres, startPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const inPlace = (ownership: RestoreRequest['ownership'] = 'keep'): RestoreRequest => ({
  target: { mode: 'in_place' },
  ownership,
  restoreId: randomUUID(),
});
const intoNew = (database: string, ownership: RestoreRequest['ownership'] = 'keep'): RestoreRequest => ({
  ...inPlace(ownership),
  target: { mode: 'new_database', database },
});
const restore = (connection: Connection, request: RestoreRequest, archive: Buffer): ReturnType<typeof engine.restore> =>
  engine.restore(connection, request, Readable.from([archive]), calm());
const names = async (): Promise<unknown[]> => {
  const server = await sharedPostgres();
  return (await server.query('postgres', 'select datname from pg_database order by 1')).map((row) => row['datname']);
};

/** Statements of the shared server's superuser. */
const admin = async (...statements: string[]): Promise<Record<string, unknown>[]> =>
  (await sharedPostgres()).query('postgres', ...statements);

describe('restore of PostgreSQL', () => {
  afterEach(() => until('no program runs', 10, () => runningPrograms().length === 0));

  it('keeps what belongs to the database itself when restoring in place', async () => {
    const connection = await newDatabase('empty');
    const { database } = connection;
    const about = `select datname, pg_get_userbyid(datdba) as owner, datacl::text, datconnlimit, datistemplate, datallowconn,
      shobj_description(oid, 'pg_database') as comment, pg_encoding_to_char(encoding) as encoding, datcollate, datctype,
      (select array_agg(setrole::regrole || ':' || setconfig::text order by setrole) from pg_db_role_setting where setdatabase = d.oid) as settings
      from pg_database d where datname = '${database}'`;
    await admin(
      `drop role if exists "Odd owner"`,
      `create role "Odd owner"`,
      `alter database ${database} owner to "Odd owner"`,
      `alter database ${database} connection limit 17`,
      `alter database ${database} set search_path to "$user", public, "Odd, ""one"""`,
      `alter database ${database} set work_mem to '7MB'`,
      `alter database ${database} set "my.app" to 'it''s \\ set'`,
      `alter role "Odd owner" in database ${database} set statement_timeout to '3s'`,
      `comment on database ${database} is 'what it''s for'`,
      `revoke all on database ${database} from public`,
      `grant connect on database ${database} to "Odd owner" with grant option`,
      `grant temporary on database ${database} to pg_monitor with grant option`,
    );
    const archive = await dumpOf(engine, connection);
    await admin(`alter database ${database} allow_connections false`);
    const before = await admin(about);
    await restore(connection, inPlace(), archive);
    expect(await admin(about)).to.deep.equal(before);
    await admin(`drop database ${database}`, `drop role "Odd owner"`);
  });

  it('makes a database with the encoding and locale of the registered one', async () => {
    const server = await sharedPostgres();
    await admin(`create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0`);
    const connection = connectionTo(server, 'latin');
    await server.query('latin', `create table t (x text)`, `insert into t values ('é')`);
    await restore(connection, intoNew('latin copy'), await dumpOf(engine, connection));
    const rows = await admin(
      `select distinct pg_encoding_to_char(encoding) as e, datcollate from pg_database where datname like 'latin%'`,
    );
    expect(rows).to.deep.equal([{ e: 'LATIN1', datcollate: 'C' }]);
    expect(await contentOf(connection, 'latin copy')).to.deep.equal(await contentOf(connection));
  });

  it('keeps owners and privileges, or gives everything to the connecting user', async () => {
    const connection = await newDatabase('empty');
    const server = await sharedPostgres();
    await admin(`drop role if exists keeper`, `create role keeper`);
    await server.query(
      connection.database,
      `create table owned (n int)`,
      `alter table owned owner to keeper`,
      `grant select on owned to public`,
    );
    const archive = await dumpOf(engine, connection);
    const about = `select pg_get_userbyid(relowner) as owner, relacl is not null as granted from pg_class where relname = 'owned'`;
    await restore(connection, intoNew('kept', 'keep'), archive);
    expect(await server.query('kept', about)).to.deep.equal([{ owner: 'keeper', granted: true }]);
    await restore(connection, intoNew('skipped', 'skip'), archive);
    expect(await server.query('skipped', about)).to.deep.equal([{ owner: server.user, granted: false }]);
    await admin(`drop database kept`, `drop database ${connection.database}`, `drop role keeper`);
    const error = await failureOf(restore(connection, intoNew('roleless', 'keep'), archive), 'restore_failed');
    expect(error.message).to.contain('role "keeper" does not exist');
  });

  it('fails at the first error of pg_restore, not at the end with errors ignored', async () => {
    const connection = await newDatabase('sample');
    const before = await names();
    const server = await sharedPostgres();
    await server.query(
      connection.database,
      `create function kept(bigint) returns bool language sql immutable as 'select true'`,
      `alter table customers add check (kept(id))`,
      `create or replace function kept(bigint) returns bool language sql immutable as 'select false'`,
    );
    const archive = await dumpOf(engine, connection);
    const error = await failureOf(restore(connection, intoNew('unkept'), archive), 'restore_failed');
    expect(error.message).to.contain('violates check constraint').and.not.contain('errors ignored');
    expect(await names()).to.deep.equal(before);
  });

  it('replaces the database that maintenance is done from, too', async () => {
    const server = await startPostgres();
    await server.query('postgres', 'create table here (n int)', 'insert into here values (7)');
    const connection = connectionTo(server, 'postgres');
    const archive = await dumpOf(engine, connection);
    await server.query('postgres', 'drop table here');
    await restore(connection, inPlace(), archive);
    expect(await server.query('postgres', 'select * from here')).to.deep.equal([{ n: 7 }]);
    await server.stop();
  });

  it('wins against clients that reconnect at once', async () => {
    const connection = await newDatabase('sample');
    const content = await contentOf(connection);
    const archive = await dumpOf(engine, connection);
    const state = { going: true };
    let connections = 0;
    const client = async (): Promise<void> => {
      while (state.going) {
        const session = await openClient(connection).catch(() => null);
        if (!session) continue;
        connections += 1;
        await session.query('select pg_sleep(60)').catch(() => undefined);
        await session.end().catch(() => undefined);
      }
    };
    const clients = Array.from({ length: 5 }, client);
    await until('they are connected', 10, () => connections >= 5);
    await restore(connection, inPlace(), archive);
    await until('they are connected again', 10, () => connections >= 10);
    state.going = false;
    await admin(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${connection.database}'`);
    await Promise.all(clients);
    expect(await contentOf(connection)).to.deep.equal(content);
  });

  it('keeps the old content when a prepared transaction holds the database', async function () {
    const server = await startPostgres({ settings: { max_prepared_transactions: '2' } });
    const connection = await newDatabase('sample', server);
    const content = await contentOf(connection);
    const archive = await dumpOf(engine, connection);
    const client = await openClient(connection);
    await client.query('begin');
    await client.query('select txid_current()');
    await client.query(`prepare transaction 'held'`);
    await client.end();
    const error = await failureOf(restore(connection, inPlace(), archive), 'restore_failed');
    expect(error.message).to.contain('other users').and.contain('prepared transaction');
    expect(await contentOf(connection)).to.deep.equal(content);
    expect(
      await server.query('postgres', `select datname from pg_database where datname like '%\\_hf\\_%'`),
    ).to.deep.equal([]);
    await server.stop();
  });

  it('tells an archive that the installed pg_restore is too old for, before it touches anything', async () => {
    const connection = await newDatabase('sample');
    const archive = Buffer.from(await dumpOf(engine, connection));
    const serverVersion = archive.indexOf('15.');
    archive.write('99.', archive.indexOf('15.', serverVersion + 1));
    const error = await failureOf(restore(connection, inPlace(), archive), 'client_too_old');
    expect(error.message).to.contain('pg_dump 99');
  });

  it('reports that the former content could not be dropped, and cleanUpRestore drops it later', async () => {
    const server = await startPostgres();
    const admin = await newDatabase('empty', server);
    await server.query(
      admin.database,
      `create role plain login createdb password 'plain-password'`,
      `alter database "${admin.database}" owner to plain`,
      'create table kept (n int)',
      'alter table kept owner to plain',
    );
    const content = await contentOf(admin);
    const archive = await dumpOf(engine, admin);
    // A database with a subscription is not dropped, and its subscription only by the owner of that.
    await server.query(
      admin.database,
      `create subscription held connection 'host=nowhere.invalid' publication p with (connect = false, slot_name = none)`,
    );
    const connection = connectionTo(server, admin.database, { user: 'plain', password: new Secret('plain-password') });
    const request = inPlace();
    const { outcome } = await restore(connection, request, archive);
    expect(outcome).to.contain('could not be dropped yet');
    const old = await server.query('postgres', `select datname from pg_database where datname like '%\\_hf\\_old\\_%'`);
    expect(old).to.have.length(1);
    expect(outcome).to.contain(String(old[0]?.['datname']));
    expect(await contentOf(admin)).to.deep.equal(content);
    await server.query(String(old[0]?.['datname']), 'drop subscription held');
    await engine.cleanUpRestore(connection, request.restoreId, calm());
    expect(await server.query('postgres', `select from pg_database where datname like '%\\_hf\\_%'`)).to.have.length(0);
    await server.stop();
  });

  describe('by a user with too little', () => {
    const password = 'limited-password';
    let connection: Connection;
    let archive: Buffer;
    beforeEach(async () => {
      const base = await newDatabase('empty');
      await admin(`drop role if exists limited`, `create role limited login password '${password}'`);
      connection = { ...base, user: 'limited', password: new Secret(password) };
      archive = await dumpOf(engine, base);
    });
    afterEach(() => admin(`drop database ${connection.database}`, `drop role limited`));

    it('names the grants that an in-place restore needs, and works with them', async () => {
      const { message } = await failureOf(restore(connection, inPlace(), archive), 'privilege_missing', password);
      expect(message).to.contain('ALTER ROLE "limited" CREATEDB;');
      expect(message).to.contain(`ALTER DATABASE "${connection.database}" OWNER TO "limited";`);
      await admin(`alter role limited createdb`, `alter database ${connection.database} owner to limited`);
      await restore(connection, inPlace(), archive);
    });

    it('names the grant that ending the sessions of others needs', async () => {
      await admin(
        `alter role limited createdb`,
        `alter database ${connection.database} owner to limited`,
        `create role other login password 'other'`,
      );
      const other = await openClient({ ...connection, user: 'other', password: new Secret('other') });
      const { message } = await failureOf(restore(connection, inPlace(), archive), 'privilege_missing', password);
      expect(message).to.contain('GRANT pg_signal_backend TO "limited";');
      await admin('grant pg_signal_backend to limited');
      await restore(connection, inPlace(), archive);
      await other.end().catch(() => undefined);
      await admin('drop role other');
    });
  });

  it('leaves no database that the server was still creating when its client went away', async () => {
    const server = await startPostgres();
    const connection = await newDatabase('sample', server);
    const archive = await dumpOf(engine, connection);
    const sessions = `select from pg_stat_activity where application_name like 'holdfast restore%'`;
    const blocker = await openClient({ ...connection, database: 'postgres' });
    await blocker.query('begin');
    await blocker.query('alter database template0 rename to held');
    const controller = new AbortController();
    const request = inPlace();
    const work = failureOf(engine.restore(connection, request, Readable.from([archive]), controller), 'cancelled');
    await until('the database is being created', 10, async () => {
      const waiting = await server.query('postgres', `${sessions} and wait_event_type = 'Lock'`);
      return waiting.length > 0;
    });
    controller.abort(new HoldfastError('cancelled'));
    await work;
    await engine.cleanUpRestore(connection, request.restoreId, calm());
    await blocker.query('rollback');
    await blocker.end();
    await until('nothing is under way', 10, async () => (await server.query('postgres', sessions)).length === 0);
    expect(await server.query('postgres', `select from pg_database where datname like '%\\_hf\\_%'`)).to.deep.equal([]);
    await server.stop();
  });

  it('is not put in place by an attempt whose database was replaced by its successor', async () => {
    const connection = await newDatabase('sample');
    await admin(`alter database ${connection.database} set work_mem to '5MB'`);
    const content = await contentOf(connection);
    const archive = await dumpOf(engine, connection);
    const request = inPlace();
    const late = createEngines({
      clientFolders: [
        fakePrograms({
          pg_restore: `
            if (process.argv[2] === '--version') { console.log('pg_restore (PostgreSQL) 15.99'); process.exit(0); }
            process.stdin.resume();`,
        }),
      ],
    }).get('postgresql');
    const input = new Readable({ read: () => undefined });
    input.push(archive);
    const zombie = late.restore(connection, request, input, calm());
    const settled = failureOf(zombie, 'restore_failed');
    const beside = `${connection.database}_hf_`;
    const building = async (): Promise<boolean> => (await names()).some((name) => String(name).startsWith(beside));
    await until('the zombie feeds its program', 10, async () => (await building()) && runningPrograms().length === 1);
    const controller = new AbortController();
    const successor = new Readable({ read: () => undefined });
    successor.push(archive);
    const second = late.restore(connection, request, successor, controller);
    const stopped = failureOf(second, 'cancelled');
    await until('the successor has its own database', 10, () => runningPrograms().length === 2);
    input.push(null);
    await settled;
    expect(await contentOf(connection)).to.deep.equal(content);
    controller.abort(new HoldfastError('cancelled'));
    await stopped;
    expect(await building()).to.equal(false);
  });
});
