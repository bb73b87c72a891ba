import type { Connection, EngineContext } from '@holdfast/shared/domain';
import type { Db } from 'mongodb';
import { putBack } from './exchange.ts';
import { dropBeside, journalOf, journalsIn } from './journal.ts';
import { wholeServer } from './names.ts';
import { listDatabases, withSession } from './session.ts';
import { cleanUpWhole } from './whole.ts';

const cleanUpMs = 60_000;

/**
 * Brings what an attempt of a restore has left to an end: an exchange that was begun is taken back, what was built is dropped,
 * and so is former content that is not to be kept.
 * @returns whether the restore is in place and has left what is to stay
 */
export async function settle(db: Db, restoreId: string, connection: Connection): Promise<boolean> {
  const found = await journalOf(db, restoreId);
  const current = found?.journal.state === 'swapping' ? await putBack(found, connection) : found;
  if (current?.journal.state === 'settled' && (current.journal.keepFormer || current.journal.isNew)) return true;
  await dropBeside(db, restoreId);
  return false;
}

/** Removes what was built. What cannot be removed now (the server is away) is removed by `cleanUpRestore`. */
export async function abandon(connection: Connection, restoreId: string): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpMs);
  await withSession(connection, { signal, fallback: 'restore_failed' }, async ({ db }) => {
    if (!(await settle(db, restoreId, connection))) await dropEmpty(db);
  }).catch(() => undefined);
}

/** Removes what a killed or abandoned restore has left, in whichever database it is, and takes back an unfinished undoing. */
export async function cleanUpRestore(
  connection: Connection,
  restoreId: string,
  { signal }: EngineContext,
): Promise<void> {
  await withSession(connection, { signal, fallback: 'restore_failed' }, async (session) => {
    if (connection.database === wholeServer) return cleanUpWhole(session, restoreId);
    for (const { name } of await listDatabases(session)) {
      const db = session.client.db(name);
      for (const open of await journalsIn(db)) {
        const { journal } = open;
        if (journal.restoreId === restoreId) {
          if (!(await settle(db, restoreId, connection))) await dropEmpty(db);
        } else if (journal.by === restoreId && journal.state === 'swapping') await putBack(open, connection);
      }
    }
  });
}

/** MongoDB has no database without collections, but servers that speak its protocol do. */
async function dropEmpty(db: Db): Promise<void> {
  const listed = await db.listCollections({}, { nameOnly: true }).toArray();
  if (listed.length === 0) await db.dropDatabase().catch(() => undefined);
}
