import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import type { PostgresContext } from './context.ts';
import { failure } from './failures.ts';
import { withMaintenance, type Maintenance } from './maintenance.ts';
import { commentStatement, openStatement, settingsStatements } from './settings.ts';

/** What takes which name. */
export interface Swap {
  target: string;
  /** The database that takes the target's name. */
  incoming: { name: string; oid: number };
  /** The name that a database with the target's name moves to. */
  aside: string;
  /** What that database is called then, and the mark that it gets, where it is kept; null when it is to be dropped. */
  kept: { name: string; comment: string } | null;
  /** The name of the sessions. */
  label: string;
  /** Whether the target must not be there yet. */
  isNew: boolean;
  /** Given to the target when there was none; a database that was there gives it its own. */
  comment: string | null;
}

const swapTimeoutMs = 120_000;

/**
 * Gives a database the target's name in one transaction; a database that has the name now moves aside. May be aborted
 * until it commits: from then on whoever asked must hear that it was done.
 * @returns the oid of the former database, or null when there was none
 */
export async function swap(
  connection: Connection,
  swap: Swap,
  { signal: outer, lockTimeoutMs }: PostgresContext,
): Promise<number | null> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(outer.reason);
  outer.addEventListener('abort', onAbort, { once: true });
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(swapTimeoutMs)]);
  const { target, incoming, label } = swap;
  return withMaintenance(connection, { target, signal, lockTimeoutMs, label }, async (maintenance) => {
    const { session, withoutSessions } = maintenance;
    const formerOid = await oidOf(maintenance, target);
    if (swap.isNew && formerOid !== null) throw targetExists(connection, target);
    const statements = await finishing(maintenance, swap, formerOid);
    const involved = formerOid === null ? [incoming.oid] : [formerOid, incoming.oid];
    await withoutSessions(involved, async () => {
      await session.query('BEGIN');
      await exchange(connection, maintenance, swap, formerOid);
      for (const statement of statements) await session.query(statement);
      outer.throwIfAborted();
      outer.removeEventListener('abort', onAbort);
      await commit(connection, session.query('COMMIT'), swap, lockTimeoutMs);
    });
    return formerOid;
  });
}

/** What is done in the transaction after the names are exchanged. */
async function finishing(
  { session }: Maintenance,
  { target, incoming, kept, comment }: Swap,
  formerOid: number | null,
): Promise<string[]> {
  if (formerOid === null) {
    const open = openStatement(target, true);
    return comment === null ? [open] : [open, commentStatement(target, comment)];
  }
  const settings = await settingsStatements(session, formerOid, incoming.oid, target);
  // Closed, so that nobody writes into it by mistake and no subscription in it goes on.
  return kept === null
    ? settings
    : [...settings, commentStatement(kept.name, kept.comment), openStatement(kept.name, false)];
}

async function exchange(
  connection: Connection,
  maintenance: Maintenance,
  { target, incoming, aside, kept }: Swap,
  formerOid: number | null,
): Promise<void> {
  if (formerOid !== null) await rename(connection, maintenance, target, aside);
  await rename(connection, maintenance, incoming.name, target);
  // A restore that lost its lease and was replaced must not put its successor's unfinished database in place.
  if ((await oidOf(maintenance, target)) !== incoming.oid) {
    throw failure('restore_failed', 'the database that was to be put in place was replaced', connection, undefined);
  }
  if (formerOid !== null && kept !== null) await rename(connection, maintenance, aside, kept.name);
}

export const targetExists = (connection: Connection, name: string): HoldfastError =>
  failure('restore_target_exists', `"${name}" exists`, connection, undefined);

async function rename(connection: Connection, { session }: Maintenance, from: string, to: string): Promise<void> {
  try {
    await session.query(`ALTER DATABASE ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(to)}`);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'lock_timeout') throw error;
    throw failure('lock_timeout', `somebody holds a lock on database "${from}"`, connection, error);
  }
}

async function oidOf({ session }: Maintenance, name: string): Promise<number | null> {
  const [row] = await session.query<{ oid: number }>('select oid from pg_database where datname = $1', [name]);
  return row?.oid ?? null;
}

/** Whoever loses the connection while committing does not know the outcome, so it is looked up. */
async function commit(
  connection: Connection,
  committing: Promise<unknown>,
  { target, incoming }: Swap,
  lockTimeoutMs: number,
): Promise<void> {
  try {
    await committing;
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'connection_lost') throw error;
    const signal = AbortSignal.timeout(swapTimeoutMs);
    const inPlace = await withMaintenance(connection, { target, signal, lockTimeoutMs }, (again) =>
      oidOf(again, target),
    );
    if (inPlace !== incoming.oid) throw error;
  }
}
