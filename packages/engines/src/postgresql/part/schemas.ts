import type { Readable } from 'node:stream';
import type { Connection, RestoreRequest } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import type { PostgresContext } from '../context.ts';
import { withSession } from '../session.ts';
import { readToc, type TocEntry } from '../toc.ts';

/** Schemas that every new database has. */
const present: ReadonlySet<string> = new Set(['public', 'pg_catalog', 'information_schema']);

/** What has to be done for the archive of a part, before it can fill an empty database. */
export async function schemaStatements(
  { part }: RestoreRequest,
  selected: readonly TocEntry[] | undefined,
  input: Readable,
): Promise<string[]> {
  if (!part) return [];
  const toc = selected ?? (await readToc(input));
  const made = new Set(toc.flatMap(({ kind, tag }) => (kind === 'SCHEMA' ? [tag] : [])));
  const used = new Set(toc.flatMap(({ schema }) => schema ?? []));
  // The archive of tables alone has no schemas, and that of the schema "public" makes it although it is there.
  return [
    ...(made.has('public') ? ['DROP SCHEMA public'] : []),
    ...[...used]
      .filter((name) => !made.has(name) && !present.has(name))
      .map((name) => `CREATE SCHEMA ${escapeIdentifier(name)}`),
  ];
}

/** Does it in the database that is being built. */
export async function runInBuild(
  statements: readonly string[],
  built: Connection,
  context: PostgresContext,
  label: string,
): Promise<void> {
  if (statements.length === 0) return;
  await withSession(built, { ...context, label, fallback: 'restore_failed' }, async (session) => {
    for (const statement of statements) await session.query(statement);
  });
}
