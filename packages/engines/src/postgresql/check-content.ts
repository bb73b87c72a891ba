import { compareContent, type Connection, type ContentManifest } from '@holdfast/shared/domain';
import { refuseDifferences } from '../content-differs.ts';
import type { PostgresContext } from './context.ts';
import { parseTableName, type TableName } from './sql-name.ts';

/** Measures what a database holds in the way that `like` was measured. */
export type ContentReader = (
  connection: Connection,
  like: ContentManifest,
  context: PostgresContext,
) => Promise<ContentManifest>;

/**
 * Measures what was restored and compares it with what was backed up.
 * @param tables the only ones that were restored; null for everything
 * @throws HoldfastError content_differs, naming the first differences
 */
export async function checkContent(
  read: ContentReader,
  built: Connection,
  expected: ContentManifest,
  tables: readonly TableName[] | null,
  context: PostgresContext,
): Promise<void> {
  const wanted = tables === null ? expected : onlyTables(expected, tables);
  const found = await read(built, wanted, context);
  const compared = compareContent(wanted, tables === null ? found : onlyTables(found, tables));
  // A server brings its own versions of extensions; that they differ is said by the look before a restore.
  refuseDifferences(compared.filter(({ what }) => what !== 'version'));
}

function onlyTables(manifest: ContentManifest, tables: readonly TableName[]): ContentManifest {
  const names = new Set(tables.map(({ schema, table }) => JSON.stringify([schema, table])));
  const isOne = (text: string): boolean => {
    const name = parseTableName(text);
    return name !== null && names.has(JSON.stringify([name.schema, name.table]));
  };
  return { ...manifest, items: manifest.items.filter(({ kind, name }) => kind === 'table' && isOne(name)) };
}
