import type { ContentItem, ContentLevel } from '@holdfast/shared/domain';
import type { PartConditions } from '../part/conditions.ts';
import { dumpedRelations } from '../privileges.ts';
import type { Session } from '../session.ts';
import { chosenRows, rowHash, shareOf, type Column } from './digests.ts';

/** A table whose rows a dump holds. */
export interface Table {
  oid: number;
  /** Qualified and quoted. */
  name: string;
  /** The file that holds its rows: another one after it was truncated or rewritten. */
  filenode: string | null;
  /** Whether a dump has none of its rows: they are left out, or not on a standby. */
  lost: boolean;
  /** Of a table that an extension has made, which of its rows are the user's: a WHERE clause, or empty. */
  condition: string;
  columns: Column[];
  /** The columns by which its rows are told apart; empty when it has no such key. */
  key: string[];
}

/** A table that is no more what it was when the dump got its locks. */
export class TableChanged extends Error {}

/** The tables whose rows a dump reads, the smaller first, so that a limit on the time leaves out few. */
export async function listTables(session: Session, { relation, empty }: PartConditions): Promise<Table[]> {
  return await session.query<Table & Record<string, unknown>>(
    `select c.oid::int8::float8 as oid, format('%I.%I', n.nspname, c.relname) as name, pg_relation_filenode(c.oid)::int8 as filenode,
       (c.relpersistence = 'u' and pg_is_in_recovery()) or ${empty} as lost,
       coalesce((select e.extcondition[array_position(e.extconfig, c.oid)]
         from pg_extension e where c.oid = any (e.extconfig) limit 1), '') as condition,
       coalesce((select json_agg(json_build_object('name', a.attname, 'type', a.atttypid::int8, 'length', a.attlen,
           'nullable', not a.attnotnull) order by a.attname collate "C")
         from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'), '[]') as columns,
       coalesce((select json_agg(a.attname)
         from (select i.indkey, i.indnkeyatts from pg_index i join pg_class ic on ic.oid = i.indexrelid
           where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
           order by i.indisprimary desc, i.indnkeyatts, ic.relname collate "C" limit 1) i
         join pg_attribute a on a.attrelid = c.oid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])), '[]') as key
     from ${dumpedRelations} and c.relkind = 'r' and ${relation}
     order by c.relpages, n.nspname collate "C", c.relname collate "C"`,
  );
}

/**
 * Counts the rows, and by the level digests them, in one reading of the table.
 * @param share that of an earlier measuring to do it alike; null: by the table's size
 * @throws TableChanged
 */
export async function measureTable(
  session: Session,
  table: Table,
  level: ContentLevel,
  share: number | null,
): Promise<ContentItem> {
  const { oid, name, filenode, lost, condition, columns, key } = table;
  if (lost) return { kind: 'table', name, count: 0, ...(level === 'counts' ? unmeasured : { digest: '0', share: 1 }) };
  const digested = level === 'counts' ? null : (share ?? (level === 'full' ? 1 : await usualShare(session, oid)));
  const digest =
    digested === null
      ? 'null'
      : `coalesce(sum(${rowHash(columns)}) filter (where ${chosenRows(columns, key, digested)}), 0)`;
  const [row] = await session.query<{ count: string; digest: string | null; filenode: string | null }>(
    `select count(*), ${digest}::text as digest, pg_relation_filenode(${oid})::int8 as filenode from only ${name} ${condition}`,
  );
  if (row?.filenode !== filenode) throw new TableChanged();
  return { kind: 'table', name, count: Number(row.count), digest: row.digest, share: digested };
}

const unmeasured = { digest: null, share: null } as const;

async function usualShare(session: Session, oid: number): Promise<number> {
  const [row] = await session.query<{ bytes: string }>(`select pg_table_size(${oid}) as bytes`);
  return shareOf(Number(row?.bytes ?? 0));
}
