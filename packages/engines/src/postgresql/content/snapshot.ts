import { escapeLiteral } from 'pg';
import type { Connection } from '@holdfast/shared/domain';
import { openSession, type Session, type SessionOptions } from '../session.ts';

/** The name of these sessions in the server's own views. */
const label = 'holdfast content';

const readOnly = 'begin isolation level repeatable read read only';

/** A transaction whose snapshot others can take for theirs, as long as it is open. */
export interface ExportedSnapshot {
  /** The name by which they take it. */
  id: string;
  close(): Promise<void>;
}

/** Makes texts the same on every server, and the load bounded: no parallel workers, nothing compiled. */
const canonical: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog',
  row_security: 'off',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  lc_monetary: 'C',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  synchronize_seqscans: 'off',
};

/** Opens a session that measures. */
export async function openMeasuring(connection: Connection, options: SessionOptions): Promise<Session> {
  const session = await openSession(connection, { ...options, label });
  try {
    const settings = { ...canonical };
    // So that the server notices that nobody listens any more in the middle of a long statement.
    if (session.server.major >= 14) settings['client_connection_check_interval'] = '2s';
    const calls = Object.entries(settings).map(
      ([name, value]) => `set_config('${name}', ${escapeLiteral(value)}, false)`,
    );
    await session.query(`select ${calls.join(', ')}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Opens a transaction that lends its snapshot. */
export async function exportSnapshot(connection: Connection, options: SessionOptions): Promise<ExportedSnapshot> {
  const session = await openMeasuring(connection, options);
  try {
    await session.query(readOnly);
    const [row] = await session.query<{ id: string }>('select pg_export_snapshot() as id');
    return { id: row?.id ?? '', close: () => session.close() };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * Does one thing in the snapshot, in a transaction of its own: its locks end with it, so that nobody else waits for longer
 * than that, and the server's table of locks holds no more of ours than there are sessions.
 * @param seconds after which a statement is ended; null: never
 */
export async function within<T>(
  session: Session,
  snapshot: string,
  seconds: number | null,
  work: () => Promise<T>,
): Promise<T> {
  const timeout = seconds === null ? 0 : Math.max(1, Math.ceil(seconds * 1000));
  try {
    await session.query(
      `${readOnly}; set transaction snapshot ${escapeLiteral(snapshot)}; set local statement_timeout = ${timeout}`,
    );
    return await work();
  } finally {
    await session.query('rollback').catch(() => undefined);
  }
}
