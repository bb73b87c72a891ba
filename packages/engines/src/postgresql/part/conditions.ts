import type { BackupPart } from '@holdfast/shared/domain';
import { matches, schemaPatterns, tablePatterns } from './patterns.ts';

/** What is measured of a part: what belongs to its tables, and can be told without all that they need. */
const kindsOfPart = [
  ['table', 'sequence', 'relation', 'partitioned_table', 'view', 'materialized_view', 'foreign_table'],
  ['constraint', 'index', 'trigger', 'policy', 'rule'],
].flat();

/** The same choice as pg_dump makes, as conditions of SQL. */
export interface PartConditions {
  /** On relations `c` in schemas `n`: whether they are dumped. */
  relation: string;
  /** On tables `c` in schemas `n`: whether they are dumped without their rows. */
  empty: string;
  /** On a column with the name of a schema: whether what is no relation is dumped from it. */
  schema: (column: string) => string;
  /** Whether what belongs to no table is dumped: large objects, casts, publications. */
  isAllBut: boolean;
  kinds: string[];
}

const whole: PartConditions = {
  relation: 'true',
  empty: 'false',
  schema: () => 'true',
  isAllBut: true,
  kinds: [],
};

/** @throws HoldfastError configuration, when a name is none */
export function conditionsOf(part: BackupPart | null): PartConditions {
  if (!part) return whole;
  const { include, exclude } = part;
  const isAllBut = !include;
  const schema = (column: string): string => {
    if (include?.tables) return 'false';
    const some = include ? anySchema(column, include.schemas) : 'true';
    return `(${some} and not ${anySchema(column, exclude?.schemas)})`;
  };
  // Tables that are named come from whatever schema.
  const chosen: Choice = (c, n) => {
    const some = include?.tables ? anyTable(include.tables)(c, n) : schema(`${n}.nspname`);
    return `(${some} and not ${anyTable(exclude?.tables)(c, n)})`;
  };
  const relation = withSequences(chosen);
  const empty = anyTable(exclude?.table_data)('c', 'n');
  return { relation, empty, schema, isAllBut, kinds: isAllBut ? [...kindsOfPart, 'large_objects'] : kindsOfPart };
}

const anyOf = (conditions: readonly string[]): string => `(${['false', ...conditions].join(' or ')})`;

const anySchema = (column: string, texts: readonly string[] | undefined): string =>
  anyOf(schemaPatterns(texts).map((name) => matches(column, name)));

/** A condition on a relation and its schema, by their aliases. */
type Choice = (c: string, n: string) => string;

/** A relation that is named, or that is a partition of one. */
function anyTable(texts: readonly string[] | undefined): Choice {
  if (!texts || texts.length === 0) return () => 'false';
  const names = tablePatterns(texts);
  const named: Choice = (c, n) =>
    anyOf(names.map(({ schema, table }) => `${matches(`${n}.nspname`, schema)} and ${matches(`${c}.relname`, table)}`));
  return (c, n) => `(${named(c, n)} or exists (select from pg_partition_ancestors(${c}.oid) as a
    join pg_class ac on ac.oid = a.relid join pg_namespace an on an.oid = ac.relnamespace where ${named('ac', 'an')}))`;
}

/** A sequence comes with the column that it belongs to; one of an identity column has no life of its own. */
function withSequences(chosen: Choice): string {
  return `case c.relkind when 'S' then coalesce((select ${chosen('oc', 'own')} or (d.deptype = 'a' and ${chosen('c', 'n')})
      from pg_depend d join pg_class oc on oc.oid = d.refobjid join pg_namespace own on own.oid = oc.relnamespace
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
        and d.refobjsubid > 0 and d.deptype in ('a', 'i') limit 1), ${chosen('c', 'n')})
    else ${chosen('c', 'n')} end`;
}
