import type { Connection, EngineContext, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { journalOf } from './journal.ts';
import { wholeServer } from './names.ts';
import { keptLabel } from './restore.ts';
import { withSession } from './session.ts';
import { findWhole } from './whole.ts';

const unheard = 'by an earlier attempt that could not report it';

/** Whether an earlier attempt of a restore had put the content in place although nobody heard of it: its journal says so. */
export async function findRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  { signal }: EngineContext,
): Promise<Pick<RestoreReport, 'outcome' | 'former'> | null> {
  const database = target.mode === 'in_place' ? connection.database : target.database;
  return withSession({ ...connection, database }, { signal, fallback: 'restore_failed' }, async (session) => {
    if (database === wholeServer) {
      const isThere = await findWhole(session, restoreId);
      return isThere ? { outcome: `The server holds the content of the backup, ${unheard}.` } : null;
    }
    const found = await journalOf(session.db, restoreId);
    if (found?.journal.state !== 'settled' || found.journal.undoneBy.length > 0) return null;
    if (found.journal.isNew) {
      return { outcome: `Database "${database}" was created with the content of the backup, ${unheard}.` };
    }
    const former = keptLabel(database, restoreId);
    return {
      outcome: `Database "${database}" holds the content of the backup, ${unheard}; its former content is kept in ${former}.`,
      former,
    };
  });
}

/** Drops a database that this very restore has made as a new one. */
export async function dropRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  { signal }: EngineContext,
): Promise<void> {
  if (target.mode === 'in_place') return;
  const within = { ...connection, database: target.database };
  await withSession(within, { signal, fallback: 'restore_failed' }, async ({ db }) => {
    const found = await journalOf(db, restoreId);
    if (found?.journal.isNew === true) await db.dropDatabase();
  });
}
