import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { PostgresContext } from './context.ts';
import { failure } from './failures.ts';
import { withMaintenance, type Maintenance } from './maintenance.ts';
import type { RestoreNames } from './names.ts';
import { settingsStatements } from './settings.ts';

/** What takes which name. */
export interface Swap {
  target: string;
  names: RestoreNames;
  /** The database that was built. */
  buildOid: number;
  /** The name of the sessions. */
  label: string;
  /** Given to a database that is new; null when the target may be there, and then keeps its own. */
  comment: string | null;
}

const swapTimeoutMs = 120_000;

/**
 * Gives the built database the target's name in one transaction; a database that has the name now moves aside. May
 * be aborted until it commits: from then on whoever asked must hear that it was done.
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
  const { target, names, buildOid, label, comment } = swap;
  return withMaintenance(connection, { target, signal, lockTimeoutMs, label }, async (maintenance) => {
    const { session, withoutSessions } = maintenance;
    const formerOid = await oidOf(maintenance, target);
    if (comment !== null && formerOid !== null) throw targetExists(connection, target);
    const settings = formerOid === null ? [] : await settingsStatements(session, formerOid, target);
    const involved = formerOid === null ? [buildOid] : [formerOid, buildOid];
    await withoutSessions(involved, async () => {
      await session.query('BEGIN');
      if (formerOid !== null) await rename(connection, maintenance, target, names.old);
      await rename(connection, maintenance, names.build, target);
      // A restore that lost its lease and was replaced must not put its successor's unfinished database in place.
      if ((await oidOf(maintenance, target)) !== buildOid) {
        throw failure('restore_failed', 'the database that was being built was replaced', connection, undefined);
      }
      for (const statement of settings) await session.query(statement);
      if (comment !== null) {
        await session.query(`COMMENT ON DATABASE ${escapeIdentifier(target)} IS ${escapeLiteral(comment)}`);
      }
      outer.throwIfAborted();
      outer.removeEventListener('abort', onAbort);
      await commit(connection, session.query('COMMIT'), swap, lockTimeoutMs);
    });
    return formerOid;
  });
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
  { target, buildOid }: Swap,
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
    if (inPlace !== buildOid) throw error;
  }
}
