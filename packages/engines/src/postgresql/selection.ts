import type { Readable } from 'node:stream';
import { HoldfastError, partialInPlace, type RestoreRequest, type RestoreSelection } from '@holdfast/shared/domain';
import { nearNames } from './near-names.ts';
import { parseTableName, writeTableName, type TableName } from './sql-name.ts';
import { relations, TocIndex } from './toc-index.ts';
import { readToc, type TocEntry } from './toc.ts';

/** What of an archive is restored. */
export interface Selection {
  /** In the archive's order. */
  entries: TocEntry[];
  /** The tables among them. */
  tables: TableName[];
  /** What belongs to them and could not come along, for people. */
  leftOut: string[];
}

/** Looks into an archive for what a request selects; null when that is everything. A part cannot take the place of a whole. */
export async function selectionOf(
  { target, selection, part }: RestoreRequest,
  input: Readable,
): Promise<Selection | null> {
  if (part && target.mode === 'in_place') throw new HoldfastError('configuration', partialInPlace(part));
  if (!selection) return null;
  if (target.mode === 'in_place') throw new HoldfastError('configuration', partInPlace);
  return select(await readToc(input), selection);
}

export const partInPlace =
  'A part of a backup cannot replace a whole database: restore it into a new one, and copy from there what is needed.';

/** What names the tables of a schema for a whole database's sake. */
const ofWhole: ReadonlySet<string> = new Set(['PUBLICATION TABLE', 'PUBLICATION TABLES IN SCHEMA']);
const largeObjects: ReadonlySet<string> = new Set(['BLOB', 'BLOBS', 'BLOB METADATA']);

/**
 * Chooses the entries of an archive that a selection needs: what it names, what belongs to that, and what that needs.
 * @throws HoldfastError configuration, when it names what is not there or what cannot stand alone
 */
function select(toc: readonly TocEntry[], selection: RestoreSelection): Selection {
  const index = new TocIndex(toc);
  const seeds = seedsOf(index, selection);
  const blocked = new Map<TocEntry, TocEntry>();
  for (;;) {
    const chosen = index.closure(seeds, blocked);
    const before = blocked.size;
    for (const entry of chosen) {
      const missing = index.missing(entry, chosen);
      if (missing) blocked.set(entry, missing);
    }
    if (blocked.size > before) continue;
    for (const [entry, missing] of blocked) if (mustNotMiss(entry, selection)) throw cannotStandAlone(entry, missing);
    const entries = toc.filter((entry) => chosen.has(entry));
    const tables = entries.filter(({ kind }) => kind === 'TABLE').map(nameOf);
    return { entries, tables, leftOut: leftOut(toc, blocked) };
  }
}

function seedsOf({ toc }: TocIndex, { schemas, tables }: RestoreSelection): Set<TocEntry> {
  if (schemas.length + tables.length === 0) throw refusal('The selection names neither a schema nor a table.');
  // All extensions, because an archive does not say who needs the operators and functions of one.
  const seeds = new Set<TocEntry>(toc.filter(({ kind }) => kind === 'EXTENSION'));
  for (const schema of schemas) {
    const inIt = toc.filter((entry) => !ofWhole.has(entry.kind) && isOfSchema(entry, schema));
    if (inIt.length === 0) {
      const known = toc.flatMap((entry) => (entry.kind === 'SCHEMA' ? [entry.tag] : (entry.schema ?? [])));
      throw refusal(`The backup holds no schema "${schema}"${near(schema, known)}.`);
    }
    for (const entry of inIt) seeds.add(entry);
  }
  for (const text of tables) {
    const name = parseTableName(text);
    if (!name) throw refusal(`"${text}" names no table: write schema.table, with quotes where SQL needs them.`);
    const found = toc.find((entry) => relations.has(entry.kind) && isNamed(entry, name));
    if (!found) {
      const known = toc.filter(({ kind }) => relations.has(kind)).map((entry) => writeTableName(nameOf(entry)));
      throw refusal(`The backup holds no table ${writeTableName(name)}${near(writeTableName(name), known)}.`);
    }
    seeds.add(found);
  }
  return seeds;
}

const isOfSchema = ({ kind, tag, schema }: TocEntry, name: string): boolean =>
  schema === name || (schema === null && ((kind === 'SCHEMA' && tag === name) || tag === `SCHEMA ${name}`));

const isNamed = ({ schema, tag }: TocEntry, name: TableName): boolean => schema === name.schema && tag === name.table;

const nameOf = ({ schema, tag }: TocEntry): TableName => ({ schema: schema ?? '', table: tag });

/** A table is content, and what somebody named has to come. */
function mustNotMiss(entry: TocEntry, { tables }: RestoreSelection): boolean {
  if (entry.kind === 'TABLE' || entry.kind === 'TABLE DATA') return true;
  return relations.has(entry.kind) && tables.some((text) => isNamed(entry, parseTableName(text) ?? nameOf(entry)));
}

function cannotStandAlone(entry: TocEntry, missing: TocEntry): HoldfastError {
  return refusal(`${sentence(entry)} needs ${describe(missing)}, which was not selected: select it, too.`);
}

function leftOut(toc: readonly TocEntry[], blocked: ReadonlyMap<TocEntry, TocEntry>): string[] {
  const lines = [...blocked]
    .filter(([{ kind }]) => kind !== 'COMMENT' && kind !== 'ACL' && kind !== 'SECURITY LABEL')
    .map(([entry, missing]) => `${describe(entry)} (needs ${describe(missing)})`);
  return toc.some(({ kind }) => largeObjects.has(kind)) ? [...lines, 'the large objects'] : lines;
}

const words: Readonly<Record<string, string>> = { 'FK CONSTRAINT': 'foreign key', 'TABLE ATTACH': 'partition' };

const describe = ({ kind, tag, schema }: TocEntry): string =>
  `${words[kind] ?? kind.toLowerCase()} ${schema === null ? tag : `${schema}.${tag}`}`;

function sentence(entry: TocEntry): string {
  const text = describe(entry);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function near(name: string, known: readonly string[]): string {
  const names = nearNames(name, known);
  return names.length === 0 ? '' : `; there is ${names.join(', ')}`;
}

const refusal = (message: string): HoldfastError => new HoldfastError('configuration', message);

const shown = 20;

/** What of the backup is there, to the end of the sentence; what is not is said, too. */
export function partOf(selection: Selection | null): string {
  if (selection === null) return 'the content of the backup.';
  const { tables, leftOut } = selection;
  const list = (names: readonly string[]): string =>
    names.slice(0, shown).join(', ') + (names.length > shown ? ` and ${names.length - shown} more` : '');
  const count = tables.length === 1 ? '1 table' : `${tables.length} tables`;
  const part = `a part of the backup, ${count}${tables.length > 0 ? ': ' : ''}${list(tables.map(writeTableName))}.`;
  return leftOut.length === 0 ? part : `${part} Left out: ${list(leftOut)}.`;
}
