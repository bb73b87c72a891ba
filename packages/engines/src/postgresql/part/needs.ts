import type { Session } from '../session.ts';
import { dumpedRelations } from '../privileges.ts';
import type { PartConditions } from './conditions.ts';

const shown = 10;

/** Kinds of objects that relations are made of. */
const building = ['type', 'proc', 'operator', 'opclass', 'collation', 'ts_config', 'foreign_server', 'language', 'am']
  .map((name) => `'pg_${name}'::regclass`)
  .join(', ');

/** What belongs to a relation, hence is dumped with it. */
const belonging = `select 'pg_class'::regclass::oid as class, oid as object, oid as relation from pg_class
  union all select 'pg_class'::regclass, indexrelid, indrelid from pg_index
  union all select 'pg_constraint'::regclass, oid, conrelid from pg_constraint
  union all select 'pg_attrdef'::regclass, oid, adrelid from pg_attrdef
  union all select 'pg_rewrite'::regclass, oid, ev_class from pg_rewrite
  union all select 'pg_trigger'::regclass, oid, tgrelid from pg_trigger where not tgisinternal
  union all select 'pg_policy'::regclass, oid, polrelid from pg_policy`;

/**
 * What a part would need where it is restored, and does not hold itself, each as a sentence: a backup that cannot be restored
 * is not made.
 * @param extensions those that come along
 */
export async function missingNeeds(
  session: Session,
  conditions: PartConditions,
  extensions: readonly string[],
): Promise<string[]> {
  const { relation, empty, schema, isAllBut } = conditions;
  const rows = await session.query<{ what: string; needs: string }>(
    `with dumped as materialized (select c.oid, format('%I.%I', n.nspname, c.relname) as name, ${empty} as empty
       from ${dumpedRelations} and ${relation})
     select distinct k.name as what, case when rc.oid is null then concat_ws(' ', i.type, i.identity)
         else format('%s %I.%I', case rc.relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end,
           rn.nspname, rc.relname) end as needs
     from (${belonging}) b join dumped k on k.oid = b.relation
     join pg_depend d on d.classid = b.class and d.objid = b.object
     left join pg_type rt on d.refclassid = 'pg_type'::regclass and rt.oid = d.refobjid and rt.typrelid <> 0
     left join pg_class rc on rc.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
       and rc.oid = case d.refclassid when 'pg_class'::regclass then d.refobjid else rt.typrelid end
     left join pg_namespace rn on rn.oid = rc.relnamespace
     left join pg_depend e on e.classid = d.refclassid and e.objid = d.refobjid and e.deptype = 'e'
     left join pg_extension x on x.oid = e.refobjid
     cross join pg_identify_object(d.refclassid, d.refobjid, 0) i
     where d.refobjid >= 16384 and (rc.oid is not null or d.refclassid in (${building}))
       and case when x.oid is not null then not (${isAllBut} or x.extname = any ($1))
         when rc.oid is not null then rc.oid <> k.oid and not exists (select from dumped where oid = rc.oid)
           and not (d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0)
         else not coalesce(${schema('i.schema')}, ${isAllBut}) end
     union
     select format('The rows of %s', f.name), format('the rows of %s', r.name)
     from pg_constraint q join dumped f on f.oid = q.conrelid join dumped r on r.oid = q.confrelid
     where q.contype = 'f' and q.convalidated and r.empty and not f.empty
     order by 1, 2`,
    [extensions],
  );
  const sentences = rows.map(({ what, needs }) => `${what} needs ${needs}.`);
  const more = sentences.length - shown;
  return more > 0 ? [...sentences.slice(0, shown), `And ${more} more.`] : sentences;
}
