import { buffer } from 'node:stream/consumers';
import {
  compareContent,
  HoldfastError,
  type Connection,
  type ContentLevel,
  type ContentManifest,
} from '@holdfast/shared/domain';
import { calm, connectionTo, newDatabase, oddDatabaseNames } from '@holdfast/testing/engines';
import { majors, sharedPostgres, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { Readable } from 'node:stream';
import { createEngines } from '../../index.ts';
import { startProgram } from '../../process/index.ts';
import { libpqEnvironment } from '../libpq.ts';
import { oddContent } from './testing/odd-content.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

/** Dumps with content. */
async function dumped(
  connection: Connection,
  content: ContentLevel = 'full',
): Promise<{ bytes: Buffer; content: ContentManifest }> {
  const dump = await engine.dump(connection, calm(), { content, contentSeconds: 600 });
  const bytes = await buffer(dump.stream);
  if (!dump.content) throw new Error('The dump has no content.');
  return { bytes, content: await dump.content };
}

/** Restores into a database of another name, without owners. */
async function restored(connection: Connection, bytes: Buffer, on = connection): Promise<Connection> {
  const database = `${connection.database.slice(0, 40)} copy`;
  const request = {
    target: { mode: 'new_database', database },
    ownership: 'skip',
    restoreId: crypto.randomUUID(),
  } as const;
  await engine.restore(on, request, Readable.from([bytes]), calm());
  return { ...on, database };
}

/** By a `pg_restore` older than the server, which the engine would not take. */
async function restoredByHand(copy: Connection, bytes: Buffer): Promise<void> {
  const { env } = await libpqEnvironment(copy);
  const program = startProgram({
    program: 'pg_restore',
    args: ['--no-owner', '--no-privileges', '--exit-on-error', '--dbname', copy.database],
    env,
    secrets: [],
    ...calm(),
    judge: ({ code, stderr }) => (code === 0 ? null : new HoldfastError('restore_failed', stderr)),
  });
  program.stdin.end(bytes);
  program.stdout.resume();
  const { error } = await program.ended;
  if (error !== null) throw error;
}

const differences = async (content: ContentManifest, copy: Connection) =>
  compareContent(content, await engine.readContent(copy, content, calm()));

const itemOf = (content: ContentManifest, kind: string, name: string) =>
  content.items.find((item) => item.kind === kind && item.name === name);

describe('content of a PostgreSQL database', () => {
  let server: TestPostgres;
  let source: Connection;
  let bytes: Buffer;
  let content: ContentManifest;

  before(async () => {
    server = await sharedPostgres();
    source = await newDatabase('sample', server);
    await server.query(source.database, ...oddContent());
    ({ bytes, content } = await dumped(source));
  });

  it('finds a restored copy of all kinds of content equal, under another name and owner', async () => {
    expect(content.missing).to.deep.equal([]);
    const copy = await restored(source, bytes);
    expect(await differences(content, copy)).to.deep.equal([]);
    for (const level of ['counts', 'sampled'] as const) {
      expect(await differences((await dumped(source, level)).content, copy)).to.deep.equal([]);
    }
  });

  it('takes the same share of the rows of a large table in whatever order they lie, with a key and without one', async () => {
    const large = await newDatabase('empty', server);
    await server.query(
      large.database,
      `create table keyed as select n as id, repeat(md5(n::text), 8) as body from generate_series(1, 80000) n`,
      'alter table keyed add primary key (id)',
      'create table keyless as select id, body from keyed',
    );
    const made = await dumped(large, 'sampled');
    for (const name of ['public.keyed', 'public.keyless']) {
      expect(itemOf(made.content, 'table', name), name).to.include({ count: 80_000, share: 0.125 });
    }
    const copy = await restored(large, made.bytes);
    for (const table of ['keyed', 'keyless']) {
      await server.query(copy.database, `create table again as select * from ${table} order by md5(body)`);
      await server.query(
        copy.database,
        `truncate ${table}`,
        `insert into ${table} select * from again`,
        'drop table again',
      );
    }
    expect(await differences(made.content, copy)).to.deep.equal([]);
    await server.query(copy.database, `update keyed set body = 'other' where id <= 64`);
    expect((await differences(made.content, copy)).map(({ name }) => name)).to.deep.equal(['public.keyed']);
  });

  it('counts what a dump holds and nothing else', () => {
    expect(itemOf(content, 'table', 'public.no_columns')).to.include({ count: 1 });
    expect(itemOf(content, 'table', 'public.scratch')).to.include({ count: 1, share: 1 });
    expect(itemOf(content, 'table', 'public.readings')).to.equal(undefined);
    expect(itemOf(content, 'table', 'public.readings_2024')?.count).to.be.greaterThan(0);
    expect(itemOf(content, 'table', 'public.parent')).to.include({ count: 1 });
    expect(itemOf(content, 'table', 'public.child')).to.include({ count: 2 });
    expect(itemOf(content, 'table', 'public.busy_now')).to.equal(undefined);
    expect(itemOf(content, 'materialized_view', 'public.busy_now')).to.include({ count: null });
    expect(itemOf(content, 'large_objects', 'large objects')).to.include({ count: 10 });
    expect(itemOf(content, 'sequence', 'public.numbers')).to.include({ digest: '10' });
    expect(itemOf(content, 'sequence', 'public.untouched')).to.include({ digest: '0' });
    expect(itemOf(content, 'extension', 'plpgsql')).to.equal(undefined);
  });

  it('is empty for an empty database, and finds its copy equal', async () => {
    const empty = await newDatabase('empty', server, oddDatabaseNames[0]);
    const made = await dumped(empty);
    expect(made.content.missing).to.deep.equal([]);
    expect(made.content.items).to.deep.equal([
      { kind: 'large_objects', name: 'large objects', count: 0, digest: '0', share: 1 },
    ]);
    expect(await differences(made.content, await restored(empty, made.bytes))).to.deep.equal([]);
  });

  it('names whatever was changed in a copy, and nothing else', async () => {
    const copy = await restored({ ...source, database: 'changed' }, bytes, source);
    const changes: [change: string, back: string, message: string][] = [
      [
        `update documents set title = title || ' ' where id = 7`,
        `update documents set title = rtrim(title) where id = 7`,
        'public.documents has 2000 rows as the source had, but not the same.',
      ],
      [
        `update keyless set n = null where n = 3`,
        `update keyless set n = 3 where n is null`,
        'public.keyless has 6010 rows as the source had, but not the same.',
      ],
      [
        `update binary_content set b = '\\x00ff' where id = 2`,
        `update binary_content set b = '' where id = 2`,
        'public.binary_content has 3 rows as the source had, but not the same.',
      ],
      [
        `update child set a = null, b = '' where id = 2`,
        `update child set a = '', b = null where id = 2`,
        'public.child has 2 rows as the source had, but not the same.',
      ],
      [`delete from scratch`, `insert into scratch values (1)`, 'public.scratch has 0 rows where the source had 1.'],
      [
        `insert into no_columns default values`,
        `delete from no_columns where ctid = '(0,2)'`,
        'public.no_columns has 2 rows where the source had 1.',
      ],
      [
        `select nextval('numbers')`,
        `select setval('numbers', 10)`,
        'sequence public.numbers stands at 13 where the source had 10.',
      ],
      [
        `select lo_put(424242, 300000, 'x')`,
        `select lo_put(424242, 300000, 'l')`,
        'large objects are not the same as in the source.',
      ],
      [
        `drop index documents_body_idx`,
        `create index on documents using gin (body)`,
        'index public.documents_body_idx is missing: the source had it.',
      ],
      [
        `alter table checked drop constraint checked_state_check`,
        `alter table checked add constraint checked_state_check check (state in ('new', 'old') or state is null)`,
        'constraint checked_state_check on public.checked is missing: the source had it.',
      ],
      [
        `alter table customers disable row level security`,
        `alter table customers enable row level security`,
        'relation public.customers is defined in another way than in the source.',
      ],
      [
        `create or replace function twice(int) returns int language sql immutable as 'select $1 * 3'`,
        `create or replace function twice(int) returns int language sql immutable as 'select $1 * 2'`,
        'function public.twice(integer) is defined in another way than in the source.',
      ],
      [
        `alter table documents disable trigger stamp`,
        `alter table documents enable trigger stamp`,
        'trigger stamp on public.documents is defined in another way than in the source.',
      ],
      [`create table more (n int)`, `drop table more`, 'public.more is there, but was not in the source.'],
      [
        `comment on view busy is 'very'`,
        `comment on view busy is null`,
        'comment view public.busy is there, but was not in the source.',
      ],
    ];
    for (const [change, back, message] of changes) {
      await server.query(copy.database, change);
      const found = (await differences(content, copy)).map((difference) => difference.message);
      expect(found, change).to.include(message);
      expect(found.length, `${change}: ${found.join(' ')}`).to.be.lessThan(3);
      await server.query(copy.database, back);
    }
    expect(await differences(content, copy)).to.deep.equal([]);
  });

  for (const major of majors.filter((one) => one !== 15)) {
    it(`finds the copy on PostgreSQL ${major} of a database on 15 equal`, async () => {
      const newer = await startPostgres({ major });
      await newer.createDatabase('copy');
      const copy = connectionTo(newer, 'copy');
      await restoredByHand(copy, bytes);
      expect(await differences(content, copy)).to.deep.equal([]);
      await newer.stop();
    });
  }
});
