import { Client } from 'pg';

/** Where the content is. */
export interface FingerprintTarget {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

const ours = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** A number that does not depend on the order of rows, and in which a row that stands twice does not cancel itself. */
const sumOfHashes = (text: string): string => `coalesce(sum(hashtextextended(${text}, 42)::numeric), 0)`;

const catalogQueries: Readonly<Record<string, string>> = {
  relations: `select n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, obj_description(c.oid, 'pg_class')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  columns: `select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
      pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where ${ours} and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'c')`,
  indexes: `select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  constraints: `select conrelid::regclass, conname, pg_get_constraintdef(c.oid) from pg_constraint c
    join pg_namespace n on n.oid = c.connamespace where ${ours}`,
  views: `select c.oid::regclass, pg_get_viewdef(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${ours} and c.relkind in ('v', 'm')`,
  functions: `select pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${ours} and p.prokind in ('f', 'p')`,
  types: `select n.nspname, t.typname, t.typtype, (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
    from pg_type t join pg_namespace n on n.oid = t.typnamespace where ${ours}`,
  triggers: `select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal`,
  policies: `select polrelid::regclass, polname, polcmd, pg_get_expr(polqual, polrelid) from pg_policy`,
  sequences: `select schemaname, sequencename, data_type, start_value, min_value, max_value, increment_by, cycle, last_value from pg_sequences`,
  extensions: `select extname from pg_extension`,
};

/**
 * Describes everything that a database holds, one line for each table, catalog and the large objects, without regard to
 * the order of rows. Two databases with the same content have the same lines; a difference names itself.
 */
export async function fingerprint(target: FingerprintTarget): Promise<string[]> {
  const client = new Client({ ...target });
  await client.connect();
  try {
    await client.query(`begin isolation level repeatable read read only`);
    await client.query(`select set_config('search_path', 'pg_catalog', true), set_config('row_security', 'off', true),
      set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'postgres', true),
      set_config('extra_float_digits', '3', true), set_config('bytea_output', 'hex', true)`);
    const summary = async (label: string, from: string, text: string): Promise<string> => {
      const { rows } = await client.query<{ count: string; sum: string }>(
        `select count(*), ${sumOfHashes(text)} as sum from ${from}`,
      );
      return `${label}: ${rows[0]?.count} rows, ${rows[0]?.sum}`;
    };
    const tables = await client.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where ${ours} and c.relkind in ('r', 'm') and c.relispopulated order by 1`,
    );
    const lines: string[] = [];
    for (const { name } of tables.rows) lines.push(await summary(`table ${name}`, `${name} as t`, '(t.*)::text'));
    for (const [name, query] of Object.entries(catalogQueries)) {
      lines.push(await summary(name, `(${query}) as t`, '(t.*)::text'));
    }
    lines.push(await summary('large objects', 'pg_largeobject_metadata m', `m.oid || ':' || md5(lo_get(m.oid))`));
    return lines;
  } finally {
    await client.end();
  }
}
