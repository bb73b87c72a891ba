import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { Secret, type Connection } from '@holdfast/shared/domain';
import {
  calm,
  connectionTo,
  contentOf,
  dumpOf,
  failureOf,
  fakePrograms,
  newDatabase,
  oddDatabaseNames,
  openClient,
} from '@holdfast/testing/engines';
import { sharedPostgres, startPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

/** An engine whose pg_dump answers for its version and then does as told. */
const engineWith = (source: string): typeof engine => {
  const version = `if (process.argv[2] === '--version') { console.log('pg_dump (PostgreSQL) 15.99'); process.exit(0); }`;
  return createEngines({ clientFolders: [fakePrograms({ pg_dump: `${version}\n${source}` })] }).get('postgresql');
};

const intoNew = (database: string): Parameters<typeof engine.restore>[1] => ({
  target: { mode: 'new_database', database },
  ownership: 'keep',
  restoreId: crypto.randomUUID(),
});

describe('dump of PostgreSQL', () => {
  afterEach(() => until('no program runs', 10, () => runningPrograms().length === 0));

  describe('by a program that misbehaves', () => {
    let connection: Connection;
    before(async () => {
      connection = await newDatabase('empty');
    });

    it('keeps no password of what it says', async () => {
      const saying = `console.error('the reason ' + process.env.PGPASSWORD); process.exitCode = 1`;
      const { stream } = await engineWith(saying).dump(connection, calm());
      const { message } = await failureOf(buffer(stream), 'dump_failed', connection.password?.reveal());
      expect(message).to.contain('the reason').and.contain('[redacted]');
    });

    it('is given the connection by its environment alone', async () => {
      const odd: Connection = { ...(await newDatabase('empty', undefined, 'host=elsewhere')), port: connection.port };
      const { stream } = await engineWith(
        `process.stdout.write(JSON.stringify({ args: process.argv.slice(2), env: process.env }))`,
      ).dump(odd, calm());
      const { args, env } = JSON.parse((await buffer(stream)).toString()) as {
        args: string[];
        env: Record<string, string>;
      };
      expect(args.join(' ')).to.not.contain('elsewhere').and.not.contain(odd.password?.reveal());
      expect(Object.keys(env).sort((a, b) => (a < b ? -1 : 1))).to.deep.equal([
        'HOME',
        'LANG',
        'LC_ALL',
        'PATH',
        'PGAPPNAME',
        'PGCONNECT_TIMEOUT',
        'PGDATABASE',
        'PGGSSENCMODE',
        'PGHOST',
        'PGPASSWORD',
        'PGPORT',
        'PGSERVICE',
        'PGSERVICEFILE',
        'PGSSLMODE',
        'PGUSER',
      ]);
      expect(env['PGDATABASE']).to.equal('host=elsewhere');
    });
  });

  describe('on a real server', () => {
    it('tells a terminated session as a lost connection', async () => {
      const connection = await newDatabase('sample');
      const { stream } = await engine.dump(connection, calm());
      await once(stream, 'readable');
      const server = await sharedPostgres();
      await server.query(
        'postgres',
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${connection.database}' and application_name = 'holdfast'`,
      );
      await failureOf(buffer(stream), 'connection_lost');
    });

    it('tells a server that is killed midway as a lost connection', async () => {
      const server = await startPostgres();
      const connection = await newDatabase('sample', server);
      const { stream } = await engine.dump(connection, calm());
      await once(stream, 'readable');
      await server.kill();
      await failureOf(buffer(stream), 'connection_lost');
    });

    it('tells a server without a free connection as busy', async () => {
      const server = await startPostgres({
        settings: { max_connections: '4', superuser_reserved_connections: '0', max_wal_senders: '0' },
      });
      const connection = connectionTo(server, 'postgres');
      const clients = [];
      for (let i = 0; i < 4; i++) clients.push(await openClient(connection));
      await failureOf(engine.probe(connection, calm()), 'server_busy');
      for (const client of clients) await client.end();
      await server.stop();
    });

    it('gives up on a server that does not answer', async function () {
      const { createServer } = await import('node:net');
      const silent = createServer(() => undefined).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const address = silent.address();
      const port = address && typeof address === 'object' ? address.port : 0;
      const connection: Connection = {
        host: '127.0.0.1',
        port,
        user: 'u',
        password: null,
        database: 'd',
        options: { sslmode: 'disable' },
      };
      const error = await failureOf(engine.probe(connection, calm()), 'host_unreachable');
      expect(error.message).to.contain('nobody answers');
      silent.close();
    });

    for (const name of oddDatabaseNames) {
      it(`brings a database named ${name} back, in place and beside it`, async () => {
        const connection = await newDatabase('sample', undefined, name);
        const content = await contentOf(connection);
        const archive = await dumpOf(engine, connection);
        const { Readable } = await import('node:stream');
        const request = { ...intoNew(''), target: { mode: 'in_place' } } as const;
        expect((await engine.restore(connection, request, Readable.from([archive]), calm())).database).to.equal(name);
        expect(await contentOf(connection)).to.deep.equal(content);
        const copy = `C${name.slice(0, 40)}`;
        await engine.restore(connection, intoNew(copy), Readable.from([archive]), calm());
        expect(await contentOf(connection, copy)).to.deep.equal(content);
        const server = await sharedPostgres();
        await server.query('postgres', `drop database "${copy.replaceAll('"', '""')}"`);
      });
    }
  });

  describe('by a user with too little', () => {
    const password = 'pa$$ w"o\'rd';
    let connection: Connection;
    let query: (...statements: string[]) => Promise<unknown>;

    beforeEach(async () => {
      const server = await sharedPostgres();
      const base = await newDatabase('sample');
      query = (...statements) => server.query(base.database, ...statements);
      await query(
        `drop role if exists "Odd reader"`,
        `create role "Odd reader" login password '${password.replaceAll("'", "''")}' in role pg_read_all_data`,
      );
      connection = { ...base, user: 'Odd reader', password: new Secret(password) };
      await query(
        `alter table customers disable row level security`,
        `do $$ declare o oid; begin for o in select oid from pg_largeobject_metadata loop
           execute format('grant select on large object %s to "Odd reader"', o); end loop; end $$`,
      );
    });

    afterEach(() => query(`drop owned by "Odd reader"`, `drop role "Odd reader"`));

    it('dumps when every privilege is there', async () => {
      expect((await engine.probe(connection, calm())).missingPrivileges).to.deep.equal([]);
      expect((await dumpOf(engine, connection)).length).to.be.greaterThan(100_000);
    });

    const cases: [string, string[], string][] = [
      [
        'rows hidden by row-level security',
        ['alter table customers enable row level security'],
        'ALTER ROLE "Odd reader" BYPASSRLS;',
      ],
      [
        'a large object',
        ["do $$ begin perform lo_from_bytea(77777, 'x'); end $$"],
        'GRANT SELECT ON LARGE OBJECT 77777 TO "Odd reader";',
      ],
      [
        'one table',
        [
          'revoke pg_read_all_data from "Odd reader"',
          'grant select on all tables in schema public to "Odd reader"',
          'grant select on all sequences in schema public to "Odd reader"',
          'grant usage on schema "Odd ""Schema""; drop--" to "Odd reader"',
          'grant select on all sequences in schema "Odd ""Schema""; drop--" to "Odd reader"',
        ],
        'GRANT SELECT ON TABLE "Odd ""Schema""; drop--"."select" TO "Odd reader";',
      ],
      [
        'one sequence',
        [
          'revoke pg_read_all_data from "Odd reader"',
          'grant select on all tables in schema public, "Odd ""Schema""; drop--" to "Odd reader"',
          'grant usage on schema "Odd ""Schema""; drop--" to "Odd reader"',
          'grant select on all sequences in schema public, "Odd ""Schema""; drop--" to "Odd reader"',
          'revoke select on sequence numbers from "Odd reader"',
        ],
        'GRANT SELECT ON SEQUENCE "public"."numbers" TO "Odd reader";',
      ],
      [
        'one schema',
        [
          'revoke pg_read_all_data from "Odd reader"',
          'grant select on all tables in schema public, "Odd ""Schema""; drop--" to "Odd reader"',
          'grant select on all sequences in schema public, "Odd ""Schema""; drop--" to "Odd reader"',
        ],
        'GRANT USAGE ON SCHEMA "Odd ""Schema""; drop--" TO "Odd reader";',
      ],
    ];
    for (const [what, statements, grant] of cases) {
      it(`never starts without ${what}, and the named statement is the only one that helps`, async () => {
        await query(...statements);
        const { missingPrivileges } = await engine.probe(connection, calm());
        expect(missingPrivileges).to.have.length(1);
        expect(missingPrivileges[0]).to.contain(grant);
        const error = await failureOf(engine.dump(connection, calm()), 'privilege_missing', password);
        expect(error.message).to.contain(grant);
        await query(missingPrivileges[0]?.split(': ').at(-1) ?? '');
        expect((await dumpOf(engine, connection)).length).to.be.greaterThan(100_000);
      });
    }
  });
});
