import { HoldfastError, partInWords, type BackupPart } from '@holdfast/shared/domain';
import { dumpedRelations } from '../privileges.ts';
import type { Session } from '../session.ts';
import { conditionsOf, type PartConditions } from './conditions.ts';
import { missingNeeds } from './needs.ts';
import { matches, programPattern, programTable, schemaPatterns, tablePatterns } from './patterns.ts';

/** A part of a database as it is now. */
export interface SurveyedPart {
  conditions: PartConditions;
  /** What tells pg_dump to take that part. */
  args: string[];
  /** What a backup of it does not hold, in sentences. */
  lost: string[];
}

/**
 * Looks what a part is, and that it can be dumped and restored by itself.
 * @throws HoldfastError configuration, when it names what is not there, or lacks what it needs
 */
export async function surveyPart(session: Session, part: BackupPart | null): Promise<SurveyedPart> {
  const conditions = conditionsOf(part);
  if (!part) return { conditions, args: [], lost: [] };
  await mustBeThere(session, part);
  const extensions = part.include ? await extensionsFor(session, conditions) : [];
  const missing = await missingNeeds(session, conditions, extensions);
  if (missing.length > 0) {
    const which = `A backup of this part (${partInWords(part)}) could not be restored by itself.`;
    throw new HoldfastError(
      'configuration',
      `${which} ${missing.join(' ')} Put what is needed into the part, or leave out what needs it.`,
    );
  }
  return {
    conditions,
    args: [...(await argsOf(session, part)), ...extensions.map(extensionArg)],
    lost: [lostBy(part)],
  };
}

function lostBy(part: BackupPart): string {
  const others = part.include
    ? ' Large objects, publications and what else belongs to no schema are not in it either.'
    : '';
  return `The backup is of a part of the database: ${partInWords(part)}.${others}`;
}

/** Who names what is to be backed up has to hear when it is gone; what is not to be may be gone. */
async function mustBeThere(session: Session, { include }: BackupPart): Promise<void> {
  const wanted = [
    ...schemaPatterns(include?.schemas).map((name, at) => ({
      text: `schema ${include?.schemas?.[at]}`,
      query: `select from pg_namespace where ${matches('nspname', name)} limit 1`,
    })),
    ...tablePatterns(include?.tables).map(({ schema, table }, at) => ({
      text: `table ${include?.tables?.[at]}`,
      query: `select from ${dumpedRelations} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and ${matches('n.nspname', schema)} and ${matches('c.relname', table)} limit 1`,
    })),
  ];
  for (const { text, query } of wanted) {
    if ((await session.query(query)).length > 0) continue;
    throw new HoldfastError(
      'configuration',
      `The part to be backed up names ${text}, which the database does not have: was it renamed or dropped? Correct the database's options.`,
    );
  }
}

/** pg_dump leaves out extensions once schemas or tables are named; those come whose schema will be there. */
async function extensionsFor(session: Session, { relation, schema }: PartConditions): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select e.extname as name from pg_extension e join pg_namespace x on x.oid = e.extnamespace
     where e.oid >= 16384 and (x.oid < 16384 or ${schema('x.nspname')}
       or exists (select from ${dumpedRelations} and n.oid = x.oid and ${relation})) order by 1`,
  );
  return rows.map(({ name }) => name);
}

const extensionArg = (name: string): string => `--extension=${programPattern([name])}`;

async function argsOf(session: Session, { include, exclude }: BackupPart): Promise<string[]> {
  const schemas = (option: string, texts: readonly string[] | undefined): string[] =>
    schemaPatterns(texts).map((name) => `--${option}=${programPattern(name)}`);
  const tables = async (option: string, texts: readonly string[] | undefined): Promise<string[]> => [
    ...tablePatterns(texts).map((name) => `--${option}=${programTable(name)}`),
    ...(await partitionsOf(session, texts)).map((name) => `--${option}=${name}`),
  ];
  return [
    '--strict-names',
    ...schemas('schema', include?.schemas),
    ...schemas('exclude-schema', exclude?.schemas),
    ...(await tables('table', include?.tables)),
    ...(await tables('exclude-table', exclude?.tables)),
    ...(await tables('exclude-table-data', exclude?.table_data)),
  ];
}

/** The partitions of tables that are named, which pg_dump before 16 takes for others. */
async function partitionsOf(session: Session, texts: readonly string[] | undefined): Promise<string[]> {
  if (!texts || texts.length === 0) return [];
  const { relation } = conditionsOf({ include: { tables: [...texts] } });
  const rows = await session.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from ${dumpedRelations} and c.relispartition
       and c.relkind in ('r', 'p', 'f') and ${relation} order by 1, 2`,
  );
  return rows.map(({ schema, name }) => programTable({ schema: [schema], table: [name] }));
}
