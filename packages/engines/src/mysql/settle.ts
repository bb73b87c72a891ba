import type { Connection } from '@holdfast/shared/domain';
import { defaultsOf, tablesOf } from './catalog.ts';
import type { MysqlContext } from './context.ts';
import { readJournal, readPointer, type FoundJournal } from './journal.ts';
import { endHolder, endSessionsIn, takeLock } from './lock.ts';
import { quoteName, restoreSuffixes } from './names.ts';
import { withSession, type Session } from './session.ts';
import { finish, rollBack, type SwapTools } from './swap.ts';

/** The schemas of one restore that are there. */
interface LeftSchemas {
  build: string | null;
  old: string | null;
  kept: string | null;
}

async function schemasOf(session: Session, restoreId: string): Promise<LeftSchemas> {
  const suffixes = restoreSuffixes(restoreId);
  const ending = async (suffix: string): Promise<string | null> => {
    const rows = await session.query<{ name: string }>(
      'SELECT schema_name AS name FROM information_schema.schemata WHERE RIGHT(schema_name, ?) = ? ORDER BY 1',
      [suffix.length, suffix],
    );
    return rows[0]?.name ?? null;
  };
  return { build: await ending(suffixes.build), old: await ending(suffixes.old), kept: await ending(suffixes.kept) };
}

/**
 * Ends what is left of an attempt and brings its target to a whole: the former one where the tables were not moved yet, the
 * restored one where they were.
 */
export async function cleanUpRestore(connection: Connection, restoreId: string, context: MysqlContext): Promise<void> {
  await withSession(connection, { ...context, database: null, fallback: 'restore_failed' }, async (session) => {
    await endHolder(session, restoreId);
    await takeLock(session, restoreId, connection, context);
    await settle(session, connection, restoreId, context);
  });
}

/** The same within a session that holds the restore's lock. */
export async function settle(
  session: Session,
  connection: Connection,
  restoreId: string,
  context: MysqlContext,
): Promise<void> {
  const { build, old, kept } = await schemasOf(session, restoreId);
  if (build !== null) {
    await endSessionsIn(session, build);
    const begun = await readJournal(session, build);
    const pointer = await readPointer(session, build);
    const moved = pointer === null || begun ? null : await readJournal(session, pointer);
    if (begun) await rollBack(await toolsFor(session, connection, context), begun);
    else if (pointer !== null && moved !== null && !moved.marks.finished)
      await finish(await toolsFor(session, connection, context), pointer, moved);
    await dropSchema(session, build);
  }
  if (old !== null) await dropSchema(session, old);
  if (kept !== null && (await isBare(session, kept))) await dropSchema(session, kept);
}

const toolsFor = async (session: Session, connection: Connection, context: MysqlContext): Promise<SwapTools> => ({
  session,
  connection,
  context,
  client: await context.clients.choose(context.flavour, 'client', session.server, context.signal),
});

/** A schema that nothing was moved to. */
const isBare = async (session: Session, schema: string): Promise<boolean> =>
  (await readJournal(session, schema)) === null && (await tablesOf(session, schema)).length === 0;

export async function dropSchema(session: Session, schema: string): Promise<void> {
  if (await defaultsOf(session, schema)) await session.query(`DROP DATABASE ${quoteName(schema)}`);
}

/** The schema in which a restore keeps the former content, and its journal; null where there is none. */
export async function findKept(
  session: Session,
  restoreId: string,
): Promise<{ schema: string; journal: FoundJournal } | null> {
  const { kept } = await schemasOf(session, restoreId);
  const journal = kept === null ? null : await readJournal(session, kept);
  return kept !== null && journal?.restoreId === restoreId ? { schema: kept, journal } : null;
}
