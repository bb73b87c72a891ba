/** What every database has from the beginning has a lower number. */
const made = (oid: string): string => `${oid} >= 16384`;

const ours = (schema = 'n'): string => `${schema}.nspname !~ '^pg_' and ${schema}.nspname <> 'information_schema'`;

/** What an extension brings along is told by the extension and its version. */
const notOfExtension = (catalog: string, oid: string): string =>
  `not exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`;

/**
 * An expression as the server writes it, without casts, parentheses and spaces: when a dump was restored, the server may
 * write the same expression with others.
 */
const plain = (expression: string): string => {
  const word = `("([^"]|"")*"|\\w+)`;
  const cast = `::${word}(\\.${word})*( varying| precision)?(\\(\\d+(,-?\\d+)?\\))?( with(out)? time zone)?(\\[\\])*`;
  return `regexp_replace(regexp_replace(${expression}, '${cast}', '', 'g'), '[\\s()]+', '', 'g')`;
};

const relationName = `format('%I.%I', n.nspname, c.relname)`;

const columnsOf = `(select string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then 'not null' end, nullif(a.attidentity, ''), nullif(a.attgenerated, ''),
      ${plain('pg_get_expr(d.adbin, d.adrelid)')},
      (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
        join pg_type t on t.oid = a.atttypid where co.oid = a.attcollation and a.attcollation <> t.typcollation)), ', '
      order by a.attname collate "C")
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const parentsOf = `(select string_agg(format('%I.%I', pn.nspname, pc.relname), ', ' order by i.inhseqno)
    from pg_inherits i join pg_class pc on pc.oid = i.inhparent join pg_namespace pn on pn.oid = pc.relnamespace
    where i.inhrelid = c.oid)`;

/** Other kinds of objects, of which what they are called tells nearly all. */
const otherCatalogs = [
  'pg_cast',
  'pg_operator',
  'pg_opclass',
  'pg_opfamily',
  'pg_conversion',
  'pg_collation',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
  'pg_event_trigger',
  'pg_language',
  'pg_publication',
  'pg_foreign_server',
  'pg_foreign_data_wrapper',
  'pg_transform',
  'pg_am',
];

/** For each part of the catalogs: kind, name and definition of every object; a null where there is nothing to compare. */
export const definitionQueries: Readonly<Record<string, string>> = {
  relations: `select case c.relkind when 'r' then 'relation' when 'p' then 'partitioned_table' when 'v' then 'view'
        when 'm' then 'materialized_view' when 'f' then 'foreign_table' when 'c' then 'composite_type' end,
      ${relationName},
      concat_ws('; ', c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispopulated,
        (select string_agg(o, ', ' order by o collate "C") from unnest(c.reloptions) o), ${columnsOf}, ${parentsOf},
        ${plain('pg_get_expr(c.relpartbound, c.oid)')}, pg_get_partkeydef(c.oid),
        case when c.relkind in ('v', 'm') then ${plain('pg_get_viewdef(c.oid)')} end)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${ours()} and c.relpersistence <> 't' and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
      and ${notOfExtension('pg_class', 'c.oid')}`,
  sequences: `select 'sequence_definition', ${relationName},
      concat_ws(' ', format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
        (select format('%I.%I.%I', tn.nspname, t.relname, a.attname)
         from pg_depend d join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
           join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
         where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
           and d.deptype in ('a', 'i') and d.refobjsubid > 0 limit 1))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
    where ${ours()} and c.relpersistence <> 't' and ${notOfExtension('pg_class', 'c.oid')}`,
  constraints: `select 'constraint', format('%I on %s', k.conname, case when c.oid is null then format('%I.%I', tn.nspname, t.typname) else ${relationName} end),
      concat_ws(' ', ${plain('pg_get_constraintdef(k.oid)')}, k.convalidated)
    from pg_constraint k left join pg_class c on c.oid = k.conrelid left join pg_namespace n on n.oid = c.relnamespace
      left join pg_type t on t.oid = k.contypid left join pg_namespace tn on tn.oid = t.typnamespace
    where k.contype in ('c', 'p', 'u', 'x', 'f') and k.conparentid = 0 and ${made('k.oid')}
      and coalesce(${ours()}, ${ours('tn')}) and coalesce(c.relpersistence, 'p') <> 't'
      and ${notOfExtension('pg_class', 'k.conrelid')} and ${notOfExtension('pg_type', 'k.contypid')}`,
  indexes: `select 'index', format('%I.%I', n.nspname, ic.relname),
      concat_ws(' ', ${plain('pg_get_indexdef(i.indexrelid)')}, i.indisclustered, i.indisreplident)
    from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
      join pg_namespace n on n.oid = ic.relnamespace
    where ${ours()} and c.relpersistence <> 't' and (i.indisvalid or c.relkind = 'p')
      and ${notOfExtension('pg_class', 'c.oid')}`,
  functions: `select case p.prokind when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end,
      format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
      case when p.prokind <> 'a' and p.prosqlbody is null then pg_get_functiondef(p.oid)
        when p.prokind <> 'a' then ${plain('pg_get_functiondef(p.oid)')}
        else (select concat_ws(' ', a.aggkind, a.aggnumdirectargs, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
            a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, format_type(a.aggtranstype, null), a.agginitval,
            a.aggminitval, pg_get_function_result(p.oid))
          from pg_aggregate a where a.aggfnoid = p.oid) end
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${ours()} and ${notOfExtension('pg_proc', 'p.oid')}`,
  triggers: `select 'trigger', format('%I on %s', t.tgname, ${relationName}),
      concat_ws(' ', ${plain('pg_get_triggerdef(t.oid)')}, t.tgenabled)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and ${ours()} and ${notOfExtension('pg_trigger', 't.oid')}
      and c.relpersistence <> 't' and ${notOfExtension('pg_class', 'c.oid')}`,
  policies: `select 'policy', format('%I on %s', p.polname, ${relationName}),
      concat_ws('; ', p.polcmd, p.polpermissive, ${plain('pg_get_expr(p.polqual, p.polrelid)')},
        ${plain('pg_get_expr(p.polwithcheck, p.polrelid)')},
        (select string_agg(case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', ' order by r::regrole::text collate "C")
         from unnest(p.polroles) r))
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
    where ${ours()} and ${notOfExtension('pg_class', 'c.oid')}`,
  rules: `select 'rule', format('%I on %s', r.rulename, ${relationName}),
      concat_ws(' ', ${plain('pg_get_ruledef(r.oid)')}, r.ev_enabled)
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
    where r.rulename <> '_RETURN' and ${ours()} and ${notOfExtension('pg_class', 'c.oid')}`,
  types: `select 'type', format('%I.%I', n.nspname, t.typname),
      concat_ws('; ', t.typtype, t.typnotnull, format_type(nullif(t.typbasetype, 0), t.typtypmod), t.typdefault,
        (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
        (select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid))
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where ${ours()} and t.typtype in ('e', 'd', 'r', 'b') and t.typelem = 0 and ${notOfExtension('pg_type', 't.oid')}`,
  schemas: `select 'schema', quote_ident(n.nspname), null::text from pg_namespace n
    where ${ours()} and ${made('n.oid')} and ${notOfExtension('pg_namespace', 'n.oid')}`,
  statistics: `select 'statistics', format('%I.%I', n.nspname, s.stxname), ${plain('pg_get_statisticsobjdef(s.oid)')}
    from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
    where ${ours()} and ${notOfExtension('pg_statistic_ext', 's.oid')}`,
  'other objects': otherCatalogs
    .map(
      (catalog) => `select replace(i.type, ' ', '_'), i.identity, null::text
    from ${catalog} o, pg_identify_object('${catalog}'::regclass, o.oid, 0) i
    where ${made('o.oid')} and ${notOfExtension(catalog, 'o.oid')} and coalesce(i.schema, 'public') !~ '^pg_temp'`,
    )
    .join(' union all '),
  comments: `select 'comment', concat_ws(' ', i.type, i.identity), d.description
    from pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where ${made('d.objoid')} and coalesce(i.schema, 'public') !~ '^pg_' and i.identity is not null
      and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')`,
};
