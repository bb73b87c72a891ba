import type { DatabaseOptions } from './database.ts';

/** Which part of a database is backed up, by names as SQL writes them, where a `*` outside quotes stands for any characters. */
export interface BackupPart {
  /** All that is backed up: everything in these schemas, or these tables alone (`schema.table`). Absent: everything. */
  include?: { schemas?: string[] | undefined; tables?: string[] | undefined } | undefined;
  /** What of that is not: schemas, tables, or only the rows of tables. A partitioned table brings its partitions. */
  exclude?:
    { schemas?: string[] | undefined; tables?: string[] | undefined; table_data?: string[] | undefined } | undefined;
}

/** A name: what stands between its stars, hence one text for a name without any. */
export type NamePattern = readonly string[];

export interface TablePattern {
  schema: NamePattern;
  table: NamePattern;
}

/** The part that the options of a database ask for; null: the whole. */
export function partOf({ include, exclude }: Pick<DatabaseOptions, 'include' | 'exclude'>): BackupPart | null {
  return include || exclude ? { ...(include && { include }), ...(exclude && { exclude }) } : null;
}

/** @returns null when the text names no schema */
export function parseSchemaPattern(text: string): NamePattern | null {
  const [schema, ...others] = namesIn(text) ?? [];
  return schema && others.length === 0 ? schema : null;
}

/** @returns null when the text is not of the form `schema.table` */
export function parseTablePattern(text: string): TablePattern | null {
  const [schema, table, ...others] = namesIn(text) ?? [];
  return schema && table && others.length === 0 ? { schema, table } : null;
}

/** As SQL reads them: what is not quoted is lower-case. */
function namesIn(text: string): NamePattern[] | null {
  const name = '"(?:[^"]|"")+"|[^"\\s.]+';
  if (!new RegExp(`^(?:${name})(?:\\.(?:${name}))?$`, 'u').test(text)) return null;
  return Array.from(text.matchAll(new RegExp(name, 'gu')), ([found]) =>
    found.startsWith('"')
      ? [found.slice(1, -1).replaceAll('""', '"')]
      : found.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).split('*'),
  );
}

/** Why a backup of a part is not restored in place. */
export const partialInPlace = (part: BackupPart): string =>
  `The backup is of a part of its database (${partInWords(part)}), which cannot replace the whole: restore it into a new database, and copy from there what is needed.`;

/** A part in a sentence: `only schemas a, b, without tables a.x, without the rows of tables a.y`. */
export function partInWords({ include, exclude }: BackupPart): string {
  const phrases: [string, readonly string[] | undefined][] = [
    ['only schemas', include?.schemas],
    ['only tables', include?.tables],
    ['without schemas', exclude?.schemas],
    ['without tables', exclude?.tables],
    ['without the rows of tables', exclude?.table_data],
  ];
  return phrases.flatMap(([phrase, names]) => (names ? `${phrase} ${names.join(', ')}` : [])).join(', ');
}
