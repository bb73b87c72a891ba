import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { HoldfastError, type Connection, type RestoreRequest, type RestoreSelection } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf, fakePrograms, newDatabase } from '@holdfast/testing/engines';
import { sharedPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const query = async (database: string, text: string): Promise<Record<string, unknown>[]> =>
  (await sharedPostgres()).query(database, text);

describe('restore of a part', () => {
  let source: Connection;
  let archive: Buffer;
  let made = 0;

  before(async () => {
    source = await newDatabase('sample');
    await (
      await sharedPostgres()
    ).query(
      source.database,
      `create schema shop`,
      `create function shop.kind() returns int language sql as 'select 3'`,
      `create table shop.items (id serial primary key, name text not null, kind int default shop.kind() check (kind > 0))`,
      `insert into shop.items (name) select 'item ' || g from generate_series(1, 500) g`,
      `create index on shop.items (lower(name))`,
      `create statistics shop.both on id, kind from shop.items`,
      `create table shop.parent (n int)`,
      `create table shop.child (m int) inherits (shop.parent)`,
      `create view shop.rich as select c.* from public.customers c`,
      `grant select on shop.items to public`,
      `create publication all_items for table shop.items`,
      `create extension btree_gist schema shop`,
      `create table shop.ranges (room int, at int4range, exclude using gist (room with =, at with &&))`,
    );
    archive = await dumpOf(engine, source);
  });

  const request = (selection: RestoreSelection): RestoreRequest & { target: { database: string } } => {
    made += 1;
    const target = { mode: 'new_database', database: `${source.database}_part_${made}` } as const;
    return { target, ownership: 'keep', restoreId: randomUUID(), selection };
  };
  const restore = (wanted: RestoreRequest, input = Readable.from([archive])): ReturnType<typeof engine.restore> =>
    engine.restore(source, wanted, input, calm());
  const ofTables = async (...tables: string[]): Promise<{ database: string; outcome: string }> =>
    restore(request({ schemas: [], tables }));
  const tablesOf = async (database: string): Promise<unknown[]> => {
    const rows = await query(
      database,
      `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information)' order by 1`,
    );
    return rows.map(({ name }) => name);
  };
  const rowsOf = (database: string, table: string): Promise<unknown[]> =>
    query(database, `select count(*), sum(hashtextextended(t::text, 0)::numeric) from ${table} t`);

  it('brings a table with its rows, keys, indexes, defaults, owned sequence and its value, and names what could not come', async () => {
    const { database, outcome } = await ofTables('public.documents', 'SHOP.items');
    expect(await tablesOf(database)).to.deep.equal(['public.documents', 'shop.items']);
    for (const table of ['public.documents', 'shop.items']) {
      expect(await rowsOf(database, table)).to.deep.equal(await rowsOf(source.database, table));
    }
    const about = `select (select array_agg(indexname::text order by 1) from pg_indexes where schemaname = 'shop' and tablename = 'items') as indexes,
      (select last_value from shop.items_id_seq) as last, pg_get_serial_sequence('shop.items', 'id') as owned,
      (select relacl::text from pg_class where oid = 'shop.items'::regclass) as acl,
      (select array_agg(pg_get_constraintdef(oid) order by 1) from pg_constraint where conrelid = 'shop.items'::regclass) as constraints,
      (select count(*)::int from pg_statistic_ext) as statistics,
      (select count(*)::int from pg_trigger where not tgisinternal) as triggers`;
    expect(await query(database, about)).to.deep.equal(await query(source.database, about));
    await query(database, `insert into shop.items (name) values ('new') returning id`);
    expect(outcome).to.contain('2 tables: public.documents, shop.items.');
    expect(outcome).to.contain('foreign key public.documents documents_customer_fkey (needs table public.customers)');
    expect(outcome).to.contain('the large objects');
  });

  it('brings the foreign keys between what is selected, and the partitions of a table', async () => {
    const { database, outcome } = await ofTables('public.documents', 'public.customers', 'public.readings');
    expect(outcome).to.not.contain('foreign key');
    expect(await rowsOf(database, 'readings')).to.deep.equal(await rowsOf(source.database, 'readings'));
    const keys = await query(database, `select from pg_constraint where contype = 'f'`);
    expect(keys).to.have.length(1);
  });

  it('brings a whole schema with its types and functions and the extensions that it needs, but not what lies outside', async () => {
    const { database, outcome } = await restore(request({ schemas: ['shop'], tables: [] }));
    expect(await tablesOf(database)).to.deep.equal(['shop.child', 'shop.items', 'shop.parent', 'shop.ranges']);
    expect(outcome).to.contain('view shop.rich (needs table public.customers)');
    const rows = await query(database, `select extname from pg_extension where extname = 'btree_gist'`);
    expect(rows).to.have.length(1);
    const odd = await restore(request({ schemas: ['Odd "Schema"; drop--'], tables: [] }));
    expect(await tablesOf(odd.database)).to.deep.equal([`"Odd ""Schema""; drop--"."select"`]);
  });

  it('compares the selected tables alone with what was backed up, and makes nothing when they differ', async () => {
    const like = {
      version: 1,
      level: 'full',
      algorithm: 'postgresql-hashtextextended-1',
      items: [],
      missing: [],
    } as const;
    const content = await engine.readContent(source, { ...like, items: [], missing: [] }, calm());
    const same = request({ schemas: [], tables: ['shop.items'] });
    await restore({ ...same, expected: content });
    const wrong = request({ schemas: [], tables: ['shop.items'] });
    const items = content.items.map((item) =>
      item.name === 'shop.items' && item.kind === 'table' ? { ...item, count: 7 } : item,
    );
    const error = await failureOf(restore({ ...wrong, expected: { ...content, items } }), 'content_differs');
    expect(error.message).to.contain('shop.items').and.contain('not put in place');
    expect(await query('postgres', `select from pg_database where datname = '${wrong.target.database}'`)).to.deep.equal(
      [],
    );
  });

  it('reads the archive to its end, so that damage behind what was selected is found', async () => {
    const wanted = request({ schemas: [], tables: ['public.customers'] });
    const input = new Readable({ read: () => undefined });
    input.push(archive);
    const settled = failureOf(restore(wanted, input), 'integrity');
    const seen = { begun: false };
    const isThrough = (): boolean => {
      seen.begun ||= runningPrograms().length > 0;
      return seen.begun && runningPrograms().length === 0;
    };
    await until('pg_restore has all that it needs', 20, isThrough, undefined, 5);
    input.destroy(new HoldfastError('integrity'));
    await settled;
    expect(
      await query('postgres', `select from pg_database where datname = '${wanted.target.database}'`),
    ).to.deep.equal([]);
  });

  it('refuses what is not in the backup and names what is like it, before anything is made', async () => {
    const refused = async (selection: RestoreSelection): Promise<string> =>
      (await failureOf(restore(request(selection)), 'configuration')).message;
    expect(await refused({ schemas: [], tables: ['public.custmers'] })).to.contain('there is public.customers');
    expect(await refused({ schemas: ['shpo'], tables: [] })).to.contain('there is shop');
    expect(await refused({ schemas: [], tables: ['customers'] })).to.contain('write schema.table');
    expect(await refused({ schemas: [], tables: [] })).to.contain('neither a schema nor a table');
    expect(await refused({ schemas: [], tables: ['shop.child'] }))
      .to.contain('needs table shop.parent')
      .and.contain('select it');
    expect(await refused({ schemas: [], tables: ['public.busy'] })).to.contain('needs table public.documents');
  });

  it('refuses to put a part in the place of a whole', async () => {
    const wanted = { ...request({ schemas: ['shop'], tables: [] }), target: { mode: 'in_place' } as const };
    const error = await failureOf(restore(wanted), 'configuration');
    expect(error.message).to.contain('into a new one');
  });

  it('shows the list of what it restores to nobody else, and leaves no file behind', async () => {
    const folder = fakePrograms({
      pg_restore: `
        const fs = require('node:fs');
        if (process.argv[2] === '--version') { console.log('pg_restore (PostgreSQL) 15.99'); process.exit(0); }
        const list = process.argv.find((argument) => argument.startsWith('--use-list=')).slice('--use-list='.length);
        const text = fs.readFileSync(list, 'utf8');
        console.error('list', list, (fs.statSync(list).mode & 0o777).toString(8), /^(\\d+;\\n)+$/.test(text));
        process.exit(1);`,
    });
    const failing = createEngines({ clientFolders: [folder] }).get('postgresql');
    const wanted = request({ schemas: [], tables: ['public.noise'] });
    const { message } = await failureOf(
      failing.restore(source, wanted, Readable.from([archive]), calm()),
      'restore_failed',
    );
    const [, list = '', mode, isList] = /list (\S+) (\d+) (\w+)/.exec(message) ?? [];
    expect([mode, isList]).to.deep.equal(['600', 'true']);
    expect(existsSync(list)).to.equal(false);
    expect(existsSync(dirname(list))).to.equal(false);
  });
});
