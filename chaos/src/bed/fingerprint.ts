import type { ClientBase } from 'pg';

const userTables = `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind = 'r' order by 1`;

const digestOf = (text: string): string => `count(*) || ' ' || coalesce(sum(hashtextextended(${text}, 7)::numeric), 0)`;

/** What a copy must have beside its rows, so that a schema that came back in part shows. */
const catalogs: Readonly<Record<string, string>> = {
  indexes: 'select pg_get_indexdef(indexrelid) as t, relnamespace as n from pg_index join pg_class on oid = indexrelid',
  constraints: 'select conname || pg_get_constraintdef(oid) as t, connamespace as n from pg_constraint',
  views: `select relname || pg_get_viewdef(oid) as t, relnamespace as n from pg_class where relkind = 'v'`,
  functions: `select pg_get_functiondef(oid) as t, pronamespace as n from pg_proc where prokind = 'f' and oid >= 16384`,
};
const ours = `(select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')`;

/** One line for each table, some catalogs and the large objects: equal for equal content, whatever the order of rows. */
export async function fingerprint(client: ClientBase): Promise<string[]> {
  await client.query(
    `select set_config('timezone', 'UTC', true), set_config('extra_float_digits', '3', true), set_config('bytea_output', 'hex', true)`,
  );
  const { rows: tables } = await client.query<{ name: string }>(userTables);
  const parts = [
    ...tables.map(({ name }) => [name, `(select (t.*)::text as t from ${name} as t) as q`] as const),
    ...Object.entries(catalogs).map(
      ([name, query]) => [name, `(select t from (${query}) as r where n in ${ours} offset 0) as q`] as const,
    ),
    ['large objects', `(select md5(lo_get(oid)) as t from pg_largeobject_metadata) as q`] as const,
  ];
  const selects = parts.map(([, from], index) => `select ${index} as place, ${digestOf('t')} as digest from ${from}`);
  const { rows } = await client.query<{ place: number; digest: string }>(
    `${selects.join(' union all ')} order by place`,
  );
  return rows.map(({ place, digest }) => `${parts[place]?.[0]}: ${digest}`);
}

/** Whose content a database holds: the source's name and the number of the change that made it so. */
export interface Version {
  source: string;
  version: number;
}

export async function readVersion(client: ClientBase): Promise<Version | null> {
  const there = `select 1 from pg_class where oid = to_regclass('public.content_version')`;
  if ((await client.query(there)).rowCount === 0) return null;
  const { rows } = await client.query<{ source: string; version: number }>(
    'select source, version from content_version',
  );
  return rows.length === 1 ? (rows[0] ?? null) : null;
}
