import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { Client, type QueryResultRow } from 'pg';
import { codeOf, driverCode, failure, fromDriver } from './failures.ts';
import { mustKeepSession, type Open } from './pooler.ts';
import { unlessStranger } from '../stranger.ts';
import { planTls, type TlsPlan } from '../tls.ts';

const connectTimeoutMs = 10_000;

export interface ServerVersion {
  /** `15.18` */
  version: string;
  major: number;
}

/** One connection to a server. Its errors are `HoldfastError`s, with node-pg's as their cause. */
export interface Session {
  server: ServerVersion;
  /** Whether a connection pooler stands between. */
  isPooled: boolean;
  query<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

export interface SessionOptions {
  signal: AbortSignal;
  /** How long a statement waits for a lock. */
  lockTimeoutMs: number;
  /** The code of server errors that have no place in the table. */
  fallback: ErrorCode;
  /** What the server's own views call the session; `holdfast` when absent. */
  label?: string;
}

/** Opens a session, gives it to `work` and closes it whatever happens. */
export async function withSession<T>(
  connection: Connection,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(connection, options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/**
 * Connects within ten seconds and in the TLS mode that was asked for.
 * @throws HoldfastError; configuration when no PostgreSQL listens there; the signal's reason when it was aborted
 */
export async function openSession(connection: Connection, options: SessionOptions): Promise<Session> {
  checkConnection(connection);
  const plan = await planTls(connection);
  return await unlessStranger({ protocol: 'postgresql', connection, signal: options.signal, failure }, (signal) =>
    openFirst(connection, plan, options, signal),
  );
}

/** @param signal ends the connecting alone */
async function openFirst(
  connection: Connection,
  { attempts }: TlsPlan,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const { label = 'holdfast', fallback } = options;
  const deadline = AbortSignal.timeout(connectTimeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  const explain = (thrown: unknown): unknown => {
    if (signal.aborted) return signal.reason;
    if (!deadline.aborted) return fromDriver(thrown, connection, fallback);
    return failure('host_unreachable', 'no answer within 10 seconds', connection, thrown);
  };
  for (const [index, ssl] of attempts.entries()) {
    try {
      const open = (): Promise<Open> => connect(connection, ssl, label, either);
      return await start(await open(), open, connection, options);
    } catch (error) {
      const last = index === attempts.length - 1;
      if (either.aborted || last || !mayBeForLackOfTls(error)) throw explain(error);
    }
  }
  throw new HoldfastError('internal');
}

/** The failures after which `prefer` goes on without TLS, as libpq does. */
function mayBeForLackOfTls(error: unknown): boolean {
  return codeOf(error) === '28000' || driverCode(error) === 'tls_failed';
}

async function connect(
  connection: Connection,
  ssl: ConnectionOptions | false,
  label: string,
  signal: AbortSignal,
): Promise<Open> {
  signal.throwIfAborted();
  const { host, port, user, password, database } = connection;
  // Before anything is asked of the server: one that was forgotten says so.
  const word = password?.reveal() ?? '';
  const socket = new Socket();
  const client = new Client({
    host,
    port,
    user,
    database,
    // A function, because node-pg takes an empty password for "look into the environment and password files".
    password: () => word,
    ssl,
    sslnegotiation: 'postgres',
    stream: () => socket,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    application_name: label,
  });
  // A connection that breaks while nothing is asked is found out by the next question.
  client.on('error', () => undefined);
  const abort = (): void => void socket.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return { client, socket };
}

/**
 * A role or database may have settings that would get in the way: limits that end a long or idle session, and a role that the
 * database's owner makes everybody take. One that belongs to the user itself is meant for us, and stays.
 */
const ownSettings = `select set_config('statement_timeout', '0', false), set_config('lock_timeout', $1, false),
    set_config('idle_in_transaction_session_timeout', '0', false), set_config('default_transaction_read_only', 'off', false),
    case when v.number >= 140000 then set_config('idle_session_timeout', '0', false) end,
    case when v.number >= 170000 then set_config('transaction_timeout', '0', false) end,
    case when exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) c
        where d.datname = current_database() and s.setrole = 0 and c like 'role=%')
      and not exists (select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) c
        where r.rolname = session_user and c like 'role=%'
          and s.setdatabase in (0, (select oid from pg_database where datname = current_database())))
      then set_config('role', 'none', false) end,
    current_setting('server_version') as version, v.number
  from (select current_setting('server_version_num')::int as number) v`;

async function start(
  { client, socket }: Open,
  openOther: () => Promise<Open>,
  connection: Connection,
  { signal, fallback, lockTimeoutMs }: SessionOptions,
): Promise<Session> {
  const abort = (): void => void socket.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  const query = async <R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]> => {
    signal.throwIfAborted();
    try {
      return (await client.query<R>(text, values ? [...values] : undefined)).rows;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw fromDriver(error, connection, fallback);
    }
  };
  const close = async (): Promise<void> => {
    signal.removeEventListener('abort', abort);
    await client.end().catch(() => undefined);
    socket.destroy();
  };
  try {
    const isPooled = await mustKeepSession({ client, socket }, openOther, connection);
    // By SET, which looks up no function: the owner of a database may have put one of that name on its search path.
    await query('SET search_path TO pg_catalog');
    const [row] = await query<{ version: string; number: number }>(ownSettings, [`${lockTimeoutMs}ms`]);
    if (!row) throw new HoldfastError('internal');
    const version = row.version.split(' ')[0] ?? row.version;
    return { server: { version, major: Math.floor(row.number / 10_000) }, isPooled, query, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What libpq would take for several hosts, for a path, or for nothing at all. */
function checkConnection({ host, port, user, database }: Connection): void {
  const refuse = (what: string): never => {
    throw new HoldfastError('configuration', `${what}: correct the registered database.`);
  };
  if (!/^[A-Za-z0-9_:.%-]+$/.test(host)) refuse(`"${host}" is not a host name or an IP address`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) refuse(`${port} is not a port`);
  if (user === '' || user.includes('\0')) refuse('The user name is empty or holds a zero byte');
  if (database === '' || database.includes('\0')) refuse('The database name is empty or holds a zero byte');
}
