import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { searchPath } from '@holdfast/shared/config';
import { Secret, type Connection, type OwnershipMode } from '@holdfast/shared/domain';
import { calm, newDatabase } from '@holdfast/testing/engines';
import { newerDebian } from '@holdfast/testing/newer-debian';
import { startPostgres, type Major, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { Clients } from './clients.ts';
import { postgresqlEngine } from './engine.ts';

const engine = postgresqlEngine(new Clients([...searchPath(), ...[newerDebian()].flatMap((folder) => folder ?? [])]));
const many = 1500;

for (const major of [15, 18] as const satisfies Major[]) {
  describe(`large objects of PostgreSQL ${major}`, () => {
    let server: TestPostgres;
    let source: Connection;
    before(async function () {
      if (major === 18 && newerDebian() === null) return this.skip();
      // As few locks as a server can have: none may be needed for each object.
      server = await startPostgres({ major, settings: { max_locks_per_transaction: '10', max_connections: '20' } });
      source = await newDatabase('empty', server);
      await server.query(
        source.database,
        'create role lo_owner',
        'create role lo_reader',
        `create role lo_user login createdb password 'lo_user'`,
        `select count(lo_from_bytea(n, convert_to('object ' || n, 'UTF8'))) from generate_series(100000, ${100_000 + many - 1}) n`,
        `select lo_put(lo_create(7), 5000000, 'behind a hole')`,
        'select lo_create(8)',
        'alter large object 7 owner to lo_owner',
        'alter large object 8 owner to lo_user',
        'grant select on large object 7 to lo_reader with grant option',
        'grant select, update on large object 8 to public',
        `comment on large object 7 is 'it''s \\ "large"'`,
        'revoke all on large object 100000 from postgres',
        `do $$ begin for i in 100001..100100 loop execute format('alter large object %s owner to lo_owner', i); end loop; end $$`,
      );
    });
    after(() => server?.stop());

    /** Ids, content, owners, privileges and comments. */
    const objects = (database: string, all = true): Promise<unknown[]> =>
      server.query(
        database,
        `select m.oid::int, md5(lo_get(m.oid)) as content${all ? `, pg_get_userbyid(m.lomowner) as owner, m.lomacl::text as acl` : ''},
           obj_description(m.oid, 'pg_largeobject') as comment from pg_largeobject_metadata m order by 1`,
      );

    const roundTrip = async (connection: Connection, ownership: OwnershipMode): Promise<string> => {
      const dump = await engine.dump(connection, calm(), { content: 'full', contentSeconds: 30 });
      const archive = await buffer(dump.stream);
      const expected = await dump.content;
      if (!expected) throw new Error('It was not measured.');
      const database = `copy_${ownership}_${connection.user}`;
      const request = {
        target: { mode: 'new_database', database },
        ownership,
        restoreId: randomUUID(),
        expected,
      } as const;
      await engine.restore(connection, request, Readable.from([archive]), calm());
      return database;
    };

    it('come back by the thousand with content, owners, privileges and comments, on a server with few locks', async () => {
      expect(await objects(await roundTrip(source, 'keep'))).to.deep.equal(await objects(source.database));
    });

    it('are all named to a user who may not read them, and come back as its own when it may', async () => {
      const user = { ...source, user: 'lo_user', password: new Secret('lo_user') };
      const { missingPrivileges } = await engine.probe(user, calm());
      expect(missingPrivileges.join(' ')).to.contain(`${many + 1} large objects cannot be read`);
      await server.query(
        source.database,
        `do $$ declare o oid; begin for o in select oid from pg_largeobject_metadata loop
           execute format('grant select on large object %s to lo_user', o); commit; end loop; end $$`,
      );
      const copy = await roundTrip(user, 'skip');
      expect(await objects(copy, false)).to.deep.equal(await objects(source.database, false));
      const owners = await server.query(
        copy,
        'select distinct pg_get_userbyid(lomowner) as owner from pg_largeobject_metadata',
      );
      expect(owners).to.deep.equal([{ owner: 'lo_user' }]);
    });
  });
}
