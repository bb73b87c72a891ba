import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  Secret,
  type Connection,
  type ContentManifest,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import { calm, connectionTo, dumpOf, failureOf, newDatabase, openClient } from '@holdfast/testing/engines';
import { sharedPostgres, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const tool = { name: 'pg_dump', version: '15.18' };
const inPlace = (): RestoreRequest => ({ target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() });
const intoNew = (database: string): RestoreRequest => ({ ...inPlace(), target: { mode: 'new_database', database } });
const content = (change: Partial<ContentManifest> = {}): ContentManifest => ({
  version: 1,
  level: 'counts',
  algorithm: 'any',
  items: [],
  missing: [],
  ...change,
});
const subject = (change: Partial<RestoreSubject> = {}): RestoreSubject => ({
  serverVersion: '15.18',
  tool,
  plainBytes: 3_000_000,
  content: content(),
  ...change,
});

/** What a look finds: `severity code` and the message of each. */
async function look(
  connection: Connection,
  request: RestoreRequest,
  about = subject(),
): Promise<{ codes: string[]; text: string }> {
  const findings = await engine.preflight(connection, request, about, calm());
  return {
    codes: findings.map(({ severity, code }) => `${severity} ${code}`),
    text: findings.map(({ message }) => message).join('\n'),
  };
}

describe('a look before a restore of PostgreSQL', () => {
  let server: TestPostgres;
  let connection: Connection;
  before(async () => {
    server = await startPostgres({ settings: { wal_level: 'logical', max_prepared_transactions: '2' } });
    connection = await newDatabase('sample', server);
  });
  after(() => server.stop());

  it('finds nothing but notes where a restore succeeds, and says what room both contents need', async () => {
    const { codes, text } = await look(connection, inPlace());
    expect(codes).to.deep.equal(['note space']);
    expect(text).to.contain('3.0 MB').and.contain('beside the');
    expect((await look(connection, { ...inPlace(), keepFormer: true })).text).to.contain(
      'until the former content is dropped',
    );
    expect((await look(connection, intoNew('fresh'))).codes).to.deep.equal(['note space']);
  });

  it('tells a newer backup, a newer server and a missing client program', async () => {
    const newer = await look(
      connection,
      inPlace(),
      subject({ serverVersion: '17.1', tool: { ...tool, version: '17.1' } }),
    );
    expect(newer.codes).to.deep.equal(['blocker version', 'warning version', 'note space']);
    expect(newer.text).to.contain('PostgreSQL 17.1').and.contain('postgresql-client-17');
    const older = await look(connection, inPlace(), subject({ serverVersion: '13.2' }));
    expect(older.codes).to.deep.equal(['note version', 'note space']);
  });

  it('tells a name that is taken or too long, a database that is not there, and a part in the place of a whole', async () => {
    expect((await look(connection, intoNew(connection.database))).codes).to.include('blocker target');
    expect((await look(connection, intoNew('é'.repeat(32)))).text).to.contain('63 bytes');
    expect((await look({ ...connection, database: 'gone' }, inPlace())).text).to.contain('"gone" is not on the server');
    const part = { ...inPlace(), selection: { schemas: ['public'], tables: [] } };
    expect((await look(connection, part)).text).to.contain('into a new one');
  });

  it('tells who is connected, what is prepared, locked and replicated, and whether it is a template', async () => {
    const busy = await newDatabase('empty', server);
    const { database } = busy;
    await server.query(
      database,
      `create publication everything for all tables`,
      `create subscription held connection 'host=nowhere.invalid' publication everything with (connect = false, slot_name = none)`,
      `select pg_create_logical_replication_slot('slot of ours'::name, 'test_decoding') where false`,
      `select pg_create_logical_replication_slot('slot_of_ours', 'pgoutput')`,
      `alter database ${database} is_template true`,
    );
    const client = await openClient(busy);
    await client.query(`set application_name = 'shop front'`);
    await client.query('begin');
    await client.query('select txid_current()');
    await client.query(`prepare transaction 'half way'`);
    const locker = await openClient({ ...busy, database: 'postgres' });
    await locker.query('begin');
    await locker.query(`alter database ${database} connection limit 50`);
    await locker.query(`comment on database ${database} is 'locked'`);
    const { codes, text } = await look(busy, inPlace());
    await locker.query('rollback');
    await locker.end();
    await client.query(`rollback prepared 'half way'`);
    await client.end();
    for (const code of [
      'blocker prepared_transactions',
      'warning connections',
      'warning locks',
      'warning replication',
      'note target',
    ]) {
      expect(codes).to.include(code);
    }
    expect(codes[0]).to.match(/^blocker/);
    for (const word of ['shop front: 1', '"half way"', 'slot_of_ours', '"held"', '"everything"', 'template']) {
      expect(text).to.contain(word);
    }
  });

  it('tells extensions, roles and tablespaces that the server lacks, and asks nothing of roles when ownership is skipped', async () => {
    const about = subject({
      content: content({
        items: [
          { kind: 'extension', name: 'no_such_extension', count: null, digest: '1.0', share: null },
          { kind: 'extension', name: 'plpgsql', count: null, digest: '1.0', share: null },
        ],
        needs: { roles: ['No such role', server.user], tablespaces: ['fast_disk', 'pg_default'] },
      }),
    });
    const { codes, text } = await look(connection, inPlace(), about);
    expect(codes).to.deep.equal(['blocker extension', 'blocker owner', 'warning tablespace', 'note space']);
    expect(text).to.contain('"no_such_extension"').and.contain('"No such role"').and.contain('"fast_disk"');
    expect(text).to.not.contain('plpgsql');
    expect((await look(connection, { ...inPlace(), ownership: 'skip' }, about)).codes).to.not.include('blocker owner');
    const part = { ...intoNew('part'), selection: { schemas: ['public'], tables: [] } };
    expect((await look(connection, part, about)).codes).to.not.include('blocker owner');
    const withRoles = { ...about, roles: ['No such role'] };
    expect((await look(connection, inPlace(), withRoles)).codes, 'they come along').to.not.include('blocker owner');
    expect((await look(connection, inPlace(), subject({ content: null }))).codes).to.include('note content');
  });

  it('learns from the dump itself which roles a restore needs', async () => {
    const base = await newDatabase('empty', server);
    await server.query(
      base.database,
      'create role owns_a_table',
      'create role may_read',
      'create table t (n int)',
      'alter table t owner to owns_a_table',
      'grant select on t to may_read',
    );
    const dump = await engine.dump(base, calm(), { content: 'counts', contentSeconds: 30 });
    dump.stream.resume();
    const measured = await dump.content;
    expect(measured?.needs?.roles).to.include.members(['owns_a_table', 'may_read']);
  });

  it('names the grants that are missing', async () => {
    const password = 'limited-password';
    await server.query('postgres', `create role limited login password '${password}'`);
    const limited = { ...connection, user: 'limited', password: new Secret(password) };
    const other = await openClient(connection);
    const { codes, text } = await look(limited, inPlace());
    await other.end();
    expect(codes.filter((code) => code === 'blocker privilege')).to.have.length(3);
    expect(text).to.contain('CREATEDB').and.contain('OWNER TO').and.contain('pg_signal_backend');
    expect(text).to.not.contain(password);
    const owned = subject({
      content: content({ items: [], needs: { roles: [server.user, 'limited'], tablespaces: [] } }),
    });
    const { codes: told, text: said } = await look(limited, intoNew('owned'), owned);
    expect(told).to.include('warning owner');
    expect(said).to.contain('no member of it').and.contain('GRANT').and.not.contain('GRANT "limited"');
    expect((await look(limited, { ...intoNew('owned'), ownership: 'skip' }, owned)).codes).to.not.include(
      'warning owner',
    );
  });

  it('fails with what keeps it from looking', async () => {
    const wrong = { ...connection, password: new Secret('wrong-password') };
    await failureOf(engine.preflight(wrong, inPlace(), subject(), calm()), 'auth_failed', 'wrong-password');
    await failureOf(engine.preflight({ ...connection, port: 1 }, inPlace(), subject(), calm()), 'host_unreachable');
  });

  it('tells former content that earlier restores keep', async () => {
    const here = await newDatabase('empty', server);
    const archive = await dumpOf(engine, here);
    await engine.restore(here, { ...inPlace(), keepFormer: true }, Readable.from([archive]), calm());
    expect((await look(here, inPlace())).text)
      .to.contain('keep former content')
      .and.contain('_hf_kept_');
  });

  it('looks at the database that maintenance is done from, too', async () => {
    const shared = await sharedPostgres();
    expect((await look(connectionTo(shared, 'postgres'), inPlace())).codes).to.not.include('blocker target');
  });
});
