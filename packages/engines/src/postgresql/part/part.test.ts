import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  Secret,
  type BackupPart,
  type Connection,
  type ContentManifest,
  type Dump,
  type RestoreRequest,
} from '@holdfast/shared/domain';
import { calm, contentOf, failureOf, newDatabase, openClient } from '@holdfast/testing/engines';
import { expect } from 'chai';
import { createEngines } from '../../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

/** Names that would mean something to a program, a pattern or a shell. */
const odd = `-n "*" [a.b]? $(x) c.d`;
const quoted = `"${odd.replaceAll('"', '""')}"`;

const statements = [
  `create schema app`,
  `create schema "App"`,
  `create schema other`,
  `create extension citext schema other`,
  `create type app.mood as enum ('glad', 'sad')`,
  `create function app.twice(int) returns int language sql immutable as 'select $1 * 2'`,
  `create table app.users (id int generated always as identity primary key, mood app.mood, name text)`,
  `create table app.orders (id serial primary key, "user" int not null references app.users, total numeric check (total > 0))`,
  `create table app.log_2024 (n serial, t text)`,
  `create table app.log_2025 (n int, t text)`,
  `create table app.logo (n int)`,
  `create table "App"."Log_2024" (n int)`,
  `create table app.${quoted} (n int)`,
  `create table public.events (at date not null, n int) partition by range (at)`,
  `create table other.events_2024 partition of public.events for values from ('2024-01-01') to ('2025-01-01')`,
  `create table public.events_rest partition of public.events default`,
  `create view app.glad as select * from app.users where mood = 'glad'`,
  `create table other.numbered (id int generated always as identity)`,
  `create table other.alone (id int primary key, t text)`,
  `create index on other.alone (t)`,
  `insert into app.users (mood, name) select 'glad', 'user ' || g from generate_series(1, 20) g`,
  `insert into app.orders ("user", total) select 1 + g % 20, g from generate_series(1, 50) g`,
  `insert into app.log_2024 (t) values ('a'), ('b')`,
  `insert into app.log_2025 values (1, 'x')`,
  `insert into app.logo values (1)`,
  `insert into "App"."Log_2024" values (1)`,
  `insert into app.${quoted} values (1)`,
  `insert into public.events select date '2024-06-01' + g * 20, g from generate_series(1, 40) g`,
  `insert into other.alone select g, md5(g::text) from generate_series(1, 30) g`,
  `select lo_from_bytea(0, 'large')`,
];

describe('a part of a database of PostgreSQL', () => {
  let source: Connection;
  let copies = 0;

  before(async () => {
    source = await newDatabase('empty');
    await run(source, statements);
  });

  const run = async (connection: Connection, texts: readonly string[]): Promise<void> => {
    const client = await openClient(connection);
    for (const text of texts) await client.query(text);
    await client.end();
  };
  const only = (part: BackupPart): Connection => ({ ...source, options: { ...part } });
  const measured = { content: 'full', contentSeconds: 30 } as const;

  /** Backs up and restores, and tells the tables that came back with their numbers of rows. */
  async function brought(
    part: BackupPart,
    user = source,
  ): Promise<{ rows: Record<string, number>; dump: Dump; copy: Connection }> {
    const dump = await engine.dump({ ...user, options: { ...part } }, calm(), measured);
    const archive = await buffer(dump.stream);
    const expected = (await dump.content) as ContentManifest;
    expect(expected.missing).to.deep.equal([]);
    copies += 1;
    const database = `${source.database}_${copies}`;
    const request: RestoreRequest = {
      target: { mode: 'new_database', database },
      ownership: 'keep',
      restoreId: randomUUID(),
      part: dump.part ?? null,
      expected,
    };
    await engine.restore(source, request, Readable.from([archive]), calm());
    const copy = { ...source, database };
    const rows: Record<string, number> = {};
    for (const line of await contentOf(copy)) {
      const [, name, count] = /^table (.*): (\d+) rows/.exec(line) ?? [];
      if (name !== undefined) rows[name] = Number(count);
    }
    return { rows, dump, copy };
  }

  it('takes named tables alone, with what belongs to them, and is compared with just that', async () => {
    const part = { include: { tables: ['other.alone', 'public.events', 'app.log_2024', `app.${quoted}`] } };
    const { rows, dump } = await brought(part);
    expect(rows).to.deep.equal({
      'other.alone': 30,
      'other.events_2024': 10,
      'app.log_2024': 2,
      'public.events_rest': 30,
      [`app.${quoted}`]: 1,
    });
    expect(dump.part).to.deep.equal(part);
    expect(dump.warnings?.[0]).to.contain('a part of the database').and.contain('other.alone');
  });

  it('takes the schemas that a pattern matches, with types, functions and views', async () => {
    const { rows, copy } = await brought({ include: { schemas: ['app*'] } });
    expect(rows).to.include({ 'app.users': 20, 'app.orders': 50, [`app.${quoted}`]: 1 });
    expect(rows).to.not.have.any.keys('other.alone', 'App.Log_2024', 'public.events_rest');
    const client = await openClient(copy);
    expect((await client.query(`select app.twice(count(*)::int) as n from app.glad`)).rows).to.deep.equal([{ n: 40 }]);
    await client.end();
  });

  it('takes the schema public, which is there before it is restored', async () => {
    await run(source, [`create table public.plain (n int)`]);
    const part = { include: { schemas: ['public'] }, exclude: { tables: ['public.events*'] } };
    expect((await brought(part)).rows).to.deep.equal({ 'public.plain': 0 });
    await run(source, [`drop table public.plain`]);
  });

  it('leaves out tables with their partitions, schemas, and only the rows of tables', async () => {
    const { rows, dump, copy } = await brought({
      exclude: {
        schemas: ['"App"'],
        tables: ['app.log_*', 'public.events', 'other.numbered'],
        table_data: ['app.orders', `app.${quoted}`],
      },
    });
    expect(rows).to.deep.equal({
      'app.users': 20,
      'app.orders': 0,
      'app.logo': 1,
      [`app.${quoted}`]: 0,
      'other.alone': 30,
    });
    expect((await contentOf(copy)).at(-1)).to.match(/^large objects: 1 rows/);
    expect(dump.warnings?.[0])
      .to.contain('without the rows of tables app.orders')
      .and.contain('without tables app.log_*');
    const client = await openClient(copy);
    expect((await client.query(`select extname from pg_extension order by 1`)).rows).to.have.length(2);
    await client.end();
  });

  it('is refused, before a backup and by a look, where it could not be restored by itself, saying what it lacks', async () => {
    const refused: [BackupPart, RegExp][] = [
      [{ include: { tables: ['app.orders'] } }, /app\.orders needs table app\.users/],
      [{ include: { tables: ['app.users'] } }, /app\.users needs type app\.mood/],
      [{ exclude: { tables: ['app.users'] } }, /app\.glad needs table app\.users.*app\.orders needs table app\.users/],
      [{ exclude: { table_data: ['app.users'] } }, /rows of app\.orders needs the rows of app\.users/],
      [{ include: { tables: ['other.events_2024'] } }, /other\.events_2024 needs table public\.events/],
    ];
    for (const [part, reason] of refused) {
      const error = await failureOf(engine.dump(only(part), calm()), 'configuration');
      expect(error.message).to.match(reason);
      await failureOf(engine.probe(only(part), calm()), 'configuration');
    }
  });

  it('is refused when what it names is gone, so that no backup holds less in silence', async () => {
    for (const include of [{ schemas: ['gone'] }, { tables: ['app.gone_*'] }, { tables: ['App.users'] }]) {
      const part = include.tables?.[0] === 'App.users' ? { include: { tables: ['"App".users'] } } : { include };
      const error = await failureOf(engine.dump(only(part), calm()), 'configuration');
      expect(error.message).to.contain('renamed or dropped');
    }
    const dump = await engine.dump(only({ exclude: { tables: ['gone.gone'] } }), calm());
    dump.stream.resume();
    expect(dump.part).to.deep.equal({ exclude: { tables: ['gone.gone'] } });
    await buffer(dump.stream);
  });

  it('never replaces a whole database', async () => {
    const part = { exclude: { tables: ['app.logo'] } };
    const before = await contentOf(source);
    const dump = await engine.dump(only(part), calm());
    const archive = await buffer(dump.stream);
    const request: RestoreRequest = { target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID(), part };
    const error = await failureOf(engine.restore(source, request, Readable.from([archive]), calm()), 'configuration');
    expect(error.message).to.contain('without tables app.logo').and.contain('into a new database');
    const about = { serverVersion: '15.1', tool: dump.tool, plainBytes: null, content: null };
    const [blocker] = await engine.preflight(source, request, about, calm());
    expect(blocker).to.include({ severity: 'blocker', code: 'target' });
    expect(await contentOf(source)).to.deep.equal(before);
  });

  it('needs privileges on what it holds alone', async () => {
    const role = `reader_${process.pid}`;
    await run(source, [
      `create role ${role} login password 'of-a-reader'`,
      `grant usage on schema other to ${role}`,
      `grant select on other.alone to ${role}`,
    ]);
    const reader = { ...source, user: role, password: new Secret('of-a-reader') };
    await failureOf(engine.dump(reader, calm()), 'privilege_missing');
    const { rows, copy } = await brought({ include: { tables: ['other.alone'] } }, reader);
    expect(rows).to.deep.equal({ 'other.alone': 30 });
    await run(source, [`drop database ${copy.database}`, `drop owned by ${role}`, `drop role ${role}`]);
  });
});
