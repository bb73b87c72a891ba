import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
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
}

const swapTimeoutMs = 120_000;

/**
 * Gives the built database the target's name in one transaction; a database that has the name now moves aside. Not to be
 * aborted: it takes seconds, and half a swap does not exist.
 * @returns the oid of the former database, or null when there was none
 */
export async function swap(connection: Connection, swap: Swap): Promise<number | null> {
  const signal = AbortSignal.timeout(swapTimeoutMs);
  const { target, names, buildOid, label } = swap;
  return withMaintenance(connection, { target, signal, label }, async (maintenance) => {
    const { session, withoutSessions } = maintenance;
    const formerOid = await oidOf(maintenance, target);
    const settings = formerOid === null ? [] : await settingsStatements(session, formerOid, target);
    const involved = formerOid === null ? [buildOid] : [formerOid, buildOid];
    await withoutSessions(involved, async () => {
      await session.query('BEGIN');
      if (formerOid !== null) await rename(maintenance, target, names.old);
      await rename(maintenance, names.build, target);
      // A restore that lost its lease and was replaced must not put its successor's unfinished database in place.
      if ((await oidOf(maintenance, target)) !== buildOid) {
        throw failure('restore_failed', 'the database that was being built was replaced', connection, undefined);
      }
      for (const statement of settings) await session.query(statement);
      await commit(connection, session.query('COMMIT'), swap);
    });
    return formerOid;
  });
}

async function rename({ session }: Maintenance, from: string, to: string): Promise<void> {
  await session.query(`ALTER DATABASE ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(to)}`);
}

async function oidOf({ session }: Maintenance, name: string): Promise<number | null> {
  const [row] = await session.query<{ oid: number }>('select oid from pg_database where datname = $1', [name]);
  return row?.oid ?? null;
}

/** Whoever loses the connection while committing does not know the outcome, so it is looked up. */
async function commit(connection: Connection, committing: Promise<unknown>, { target, buildOid }: Swap): Promise<void> {
  try {
    await committing;
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'connection_lost') throw error;
    const signal = AbortSignal.timeout(swapTimeoutMs);
    const inPlace = await withMaintenance(connection, { target, signal }, (again) => oidOf(again, target));
    if (inPlace !== buildOid) throw error;
  }
}
