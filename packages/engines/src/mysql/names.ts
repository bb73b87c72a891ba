/** Longest name of a database, in characters. */
const longestName = 64;

/** What the schemas of one restore end in. The tail of a UUID of version 7 is random. */
const shortId = (restoreId: string): string => restoreId.replaceAll('-', '').slice(-12);

const marks = { build: '_hf_', old: '_hf_old_', kept: '_hf_kept_' } as const;

/** The schemas that a restore makes, whoever it is of. */
export const ownSchemas = /_hf_(?:old_|kept_)?[0-9a-f]{12}$/;

/** The table in which a restore keeps what it is doing; it stays in a database that was made as a new one. */
export const journalTable = 'holdfast_restore';
/** Where the journal will be once the tables are moved; stays where the tables came from. */
export const pointerTable = 'holdfast_pointer';
/** What the journal that was there before an undoing is called on its way out. */
export const beforeTable = 'holdfast_before';
/** Tables that are no content. */
export const ownTables = [journalTable, pointerTable, beforeTable] as const;

export interface RestoreNames {
  /** The schema that is being filled. */
  build: string;
  /** The former content, between the swap and its removal. */
  old: string;
  /** The former content that is kept to be put back. */
  kept: string;
}

/** Names beside `target`, shortened where they would be too long. */
export function restoreNames(target: string, restoreId: string): RestoreNames {
  const id = shortId(restoreId);
  return {
    build: withSuffix(target, marks.build + id),
    old: withSuffix(target, marks.old + id),
    kept: withSuffix(target, marks.kept + id),
  };
}

/** What the names of a restore's schemas end in, whatever its target. */
export function restoreSuffixes(restoreId: string): { build: string; old: string; kept: string } {
  const id = shortId(restoreId);
  return { build: marks.build + id, old: marks.old + id, kept: marks.kept + id };
}

/** The name of the server's lock that the session of a restore holds, by which what is left of a killed one is found. */
export const lockName = (restoreId: string): string => `holdfast restore ${shortId(restoreId)}`;

const withSuffix = (name: string, suffix: string): string =>
  Array.from(name)
    .slice(0, longestName - suffix.length)
    .join('') + suffix;

/** A name as written in SQL. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A table of a schema as written in SQL. */
export const inSchema = (schema: string, name: string): string => `${quoteName(schema)}.${quoteName(name)}`;

/** A text as written in SQL, where backslashes escape. */
export const quoteText = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
