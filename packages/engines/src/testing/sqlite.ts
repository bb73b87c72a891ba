import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Connection } from '@holdfast/shared/domain';
import { releaseAtEnd } from '@holdfast/testing/resources';
import type { SubjectContent } from '@holdfast/testing/engines';

/** The folder of all databases of the tests. */
export const root = mkdtempSync(join(tmpdir(), 'holdfast-sqlite-test-'));
releaseAtEnd(async () => rmSync(root, { recursive: true, force: true }));
let count = 0;

export const connectionTo = (database: string): Connection => ({
  host: '',
  port: 0,
  user: '',
  password: null,
  database,
  options: {},
});

const sample = `
  create table customers (id integer primary key, name text not null, balance real, born date);
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
    insert into customers select i, 'customer ' || i, i / 7.0, date('1950-01-01', i || ' days') from n;
  create table orders (id integer primary key autoincrement, customer int references customers, note text, extra blob);
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
    insert into orders (customer, note, extra) select 1 + i % 2000, 'order ' || i, randomblob(5000) from n;
  create index by_name on customers (name collate nocase);
  create view rich as select * from customers where balance > 100;
`;

const odd = `
  create table "select ""it's""; drop -- 数据库" ("from" int, "gr oup" text, primary key ("from")) without rowid;
  insert into "select ""it's""; drop -- 数据库" values (9223372036854775807, 'žluťoučký 🗄️' || char(10) || char(13));
  create table kinds (a, b int generated always as (a * 2) stored, c text generated always as (upper(d)) virtual, d text) ;
  insert into kinds (a, d) values (1, 'x'), (null, null), (9e999, ''), (x'00ff', 'y'), (-9223372036854775808, char(0) || 'z');
  create table strictly (n int, t text, b blob, r real, x any) strict;
  insert into strictly values (1, 't', x'', 0.1, 'any'), (null, null, null, -0.0, x'01');
  create virtual table words using fts5(body);
  insert into words values ('the quick brown fox'), ('jumps');
  create virtual table areas using rtree(id, x0, x1);
  insert into areas values (1, 0, 10.5);
  create trigger t after insert on kinds begin insert into strictly (t) values (new.d); end;
  create index partial on kinds (a) where d is not null;
  create table no_rows (n);
  pragma user_version = 7;
  pragma application_id = 99;
`;

/** A new database. @param log whether it has a write-ahead log */
export function newFile(content: SubjectContent, log = true): string {
  count += 1;
  const path = join(root, content === 'odd' ? `odd 'n" ü?#; -- % ${count}` : `shop${count}.db`);
  const database = new DatabaseSync(path);
  if (log) database.exec('pragma journal_mode = wal');
  if (content === 'sample') database.exec(sample);
  if (content === 'odd') database.exec(odd);
  if (content === 'huge')
    database.exec('create table huge (content blob); insert into huge values (randomblob(50000000))');
  database.close();
  return path;
}

/** Describes all that is in a database, line by line. */
export function contentOf(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const lines = ['user_version', 'application_id', 'encoding'].map((pragma) =>
    JSON.stringify(database.prepare(`pragma ${pragma}`).get()),
  );
  const objects = database.prepare('select type, name, sql from sqlite_schema order by type, name').all();
  for (const { type, name, sql } of objects) {
    lines.push(JSON.stringify([type, name, sql]));
    if (type !== 'table') continue;
    const statement = database.prepare(`select *, null from "${String(name).replaceAll('"', '""')}"`);
    statement.setReadBigInts(true);
    const rows = statement.all().map((row) =>
      Object.values(row)
        .map((value) =>
          value instanceof Uint8Array ? `blob ${Buffer.from(value).toString('base64')}` : `${typeof value} ${value}`,
        )
        .join('|'),
    );
    lines.push(...rows.sort());
  }
  database.close();
  return lines;
}
