import { Client } from 'pg';
import { sampleStatements } from '@holdfast/testing/engines';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';

/**
 * A database with a little of everything.
 * @param megabytes so much of it does not compress, so that an archive of it has at least that size
 */
export async function sourceDatabase(megabytes = 1): Promise<TestDatabase> {
  const source = await testDatabase();
  await source.query(
    ...sampleStatements(200),
    'create table filler (id int primary key, data bytea not null)',
    `insert into filler select n, (select string_agg(decode(md5(n || '/' || k), 'hex'), '') from generate_series(1, 64) k)
       from generate_series(1, ${megabytes * 1024}) n`,
  );
  return source;
}

export interface Hold {
  release(): Promise<void>;
}

/**
 * Holds every dump of a database open in its middle: `pg_dump` reads large objects after all tables, and waits there
 * until the lock on them is released.
 * @param table a table of the database's own, which is waited for at the very beginning instead
 */
export async function holdDumps(source: TestDatabase, table = 'pg_largeobject'): Promise<Hold> {
  const session = new Client({ connectionString: source.url });
  session.on('error', () => undefined);
  await session.connect();
  await session.query('begin');
  await session.query(`lock table ${table} in access exclusive mode`);
  return { release: () => session.end() };
}

/** Waits until a dump waits for the lock. @returns the processes of the database server that serve such dumps */
export async function heldDumps(source: TestDatabase, atLeast = 1): Promise<number[]> {
  return await until(`${atLeast} held dump(s)`, 20, async () => {
    const rows = await source.query(
      `select pid from pg_locks join pg_stat_activity using (pid)
       where relation = 'pg_largeobject'::regclass and not granted and datname = current_database()
         and application_name = 'holdfast'`,
    );
    return rows.length >= atLeast ? rows.map(({ pid }) => Number(pid)) : null;
  });
}

/** Adds an index to a database that takes a minute to be built wherever the database is restored. */
export async function holdRestores(source: TestDatabase): Promise<void> {
  await source.query(
    'create table slow (n int)',
    `create function slowly(n int) returns int language plpgsql immutable as $$ begin
       if current_database() like '%\\_hf\\_%' then perform pg_sleep(60); end if;
       return n;
     end $$`,
    'insert into slow values (1)',
    'create index on slow (slowly(n))',
  );
}

/** Waits until a restore is building that index. */
export async function heldRestore(source: TestDatabase): Promise<void> {
  await until('a held restore', 20, async () => {
    const rows = await source.query(
      `select from pg_stat_activity where datname like '${source.name}%\\_hf\\_%' and wait_event = 'PgSleep'`,
    );
    return rows.length > 0;
  });
}

/** Ends sessions as an administrator would. */
export async function terminate(source: TestDatabase, serverPids: readonly number[]): Promise<void> {
  await source.query(`select pg_terminate_backend(pid) from unnest('{${serverPids.join()}}'::int[]) pid`);
}
