import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import { failure } from './failures.ts';
import { openSession, withSession, type Session, type SessionOptions } from './session.ts';

const terminateEveryMs = 100;

export interface Maintenance {
  /** Connected to a database that is not the target. */
  session: Session;
  /**
   * Runs a statement on databases (by oid) that must be free of sessions: rename, drop. PostgreSQL lets no new session in
   * while such a statement waits, for up to five seconds, for the present ones; meanwhile a second session ends those. So
   * clients that reconnect at once cannot win, and no database has to be closed and opened again: a kill leaves it open.
   */
  withoutSessions: <T>(databases: readonly number[], statement: () => Promise<T>) => Promise<T>;
  /** Opens a session in a database, for as long as `work` takes. */
  within: <T>(database: string, work: (session: Session) => Promise<T>) => Promise<T>;
}

export interface MaintenanceOptions extends Pick<SessionOptions, 'signal' | 'lockTimeoutMs' | 'label'> {
  /** The name of a database that may be renamed; null when none is. */
  target: string | null;
}

const fallback = 'restore_failed';

/** Opens what is needed to create, rename and drop databases, gives it to `work` and closes it whatever happens. */
export async function withMaintenance<T>(
  connection: Connection,
  options: MaintenanceOptions,
  work: (maintenance: Maintenance) => Promise<T>,
): Promise<T> {
  const { session, database } = await openMaintenance(connection, options);
  const withoutSessions: Maintenance['withoutSessions'] = (databases, statement) =>
    withSession({ ...connection, database }, { ...options, fallback }, (second) =>
      endingSessions(second, connection, databases, statement),
    );
  const within: Maintenance['within'] = (name, inside) =>
    withSession({ ...connection, database: name }, { ...options, fallback }, inside);
  try {
    return await work({ session, withoutSessions, within });
  } finally {
    await session.close();
  }
}

async function openMaintenance(
  connection: Connection,
  options: MaintenanceOptions,
): Promise<{ session: Session; database: string }> {
  let refusal: unknown;
  for (const database of ['postgres', 'template1'].filter((name) => name !== options.target)) {
    try {
      const session = await openSession({ ...connection, database }, { ...options, fallback });
      return { session, database };
    } catch (error) {
      if (!(error instanceof HoldfastError) || !closedToUs.has(error.code)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

const closedToUs: ReadonlySet<ErrorCode> = new Set(['database_missing', 'privilege_missing', 'auth_failed']);

async function endingSessions<T>(
  session: Session,
  connection: Connection,
  databases: readonly number[],
  statement: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const ending = endSessions(session, databases, done.signal).then(
    () => null,
    (error: unknown) => error,
  );
  try {
    return await statement();
  } catch (error) {
    done.abort();
    const reason = await ending;
    if (reason instanceof HoldfastError && reason.code === 'privilege_missing') {
      const grant = `Sessions of other users are in the way: GRANT pg_signal_backend TO ${escapeIdentifier(connection.user)};`;
      throw failure('privilege_missing', grant, connection, reason);
    }
    throw error;
  } finally {
    done.abort();
    await ending;
  }
}

async function endSessions(session: Session, databases: readonly number[], done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    await session.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datid = any ($1::oid[]) and pid <> pg_backend_pid()',
      [databases],
    );
    await delay(terminateEveryMs, undefined, { signal: done }).catch(() => undefined);
  }
}
