import { connect as openSocket, isIP } from 'node:net';
import { HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { createConnection, type Connection as Client, type ConnectionOptions, type SslOptions } from 'mysql2/promise';
import { unlessStranger } from '../stranger.ts';
import { planTls } from '../tls.ts';
import type { MysqlContext } from './context.ts';
import { driverCode, failure, fromDriver } from './failures.ts';

const connectTimeoutMs = 10_000;

export interface ServerVersion {
  /** `9.7.4`, `10.11.19-MariaDB` */
  version: string;
  major: number;
  minor: number;
}

type Row = Record<string, unknown>;

/** One connection to a server. Its errors are `HoldfastError`s, with the driver's as their cause. */
export interface Session {
  server: ServerVersion;
  /** The server's number of this session. */
  id: number;
  /** `?` stands for a value; what is returned are the rows, none for a statement that has none. */
  query<R extends object = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

export interface SessionOptions extends MysqlContext {
  /** The code of server errors that have no place in the table. */
  fallback: ErrorCode;
  /** What is in use from the start; null: nothing, so that it need not exist. */
  database: string | null;
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
 * @throws HoldfastError; configuration when the server is one of the other flavour, or of another kind; the signal's reason when it was aborted
 */
async function openSession(connection: Connection, options: SessionOptions): Promise<Session> {
  checkConnection(connection);
  const attempts = await tlsAttempts(connection);
  return await unlessStranger({ protocol: 'mysql', connection, signal: options.signal, failure }, (signal) =>
    openFirst(connection, attempts, options, signal),
  );
}

/** @param signal ends the connecting alone */
async function openFirst(
  connection: Connection,
  attempts: readonly (SslOptions | null)[],
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const { fallback } = options;
  for (const [index, ssl] of attempts.entries()) {
    signal.throwIfAborted();
    try {
      return await start(await connect(connection, options.database, ssl, signal), connection, options);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const last = index === attempts.length - 1;
      if (last || driverCode(error) !== 'tls_failed') throw fromDriver(error, connection, fallback);
    }
  }
  throw new HoldfastError('internal');
}

/** The driver's words for a TLS mode, in the order in which they are tried; more than one only for `prefer`. */
async function tlsAttempts(connection: Connection): Promise<(SslOptions | null)[]> {
  const { mode, roots } = await planTls(connection);
  switch (mode) {
    case 'disable':
      return [null];
    case 'prefer':
      return [{ rejectUnauthorized: false }, null];
    case 'require':
      return [{ rejectUnauthorized: false }];
    case 'verify-ca':
      return [{ rejectUnauthorized: true, ...(roots !== null && { ca: roots }) }];
    case 'verify-full':
      return [{ rejectUnauthorized: true, verifyIdentity: true, ...(roots !== null && { ca: roots }) }];
  }
}

async function connect(
  { host, port, user, password }: Connection,
  database: string | null,
  ssl: SslOptions | null,
  signal: AbortSignal,
): Promise<Client> {
  const connecting = createConnection({
    ...reached(host, port, ssl),
    port,
    user,
    password: password?.reveal() ?? '',
    ...(database !== null && { database }),
    ...(ssl !== null && { ssl }),
    connectTimeout: connectTimeoutMs,
    enableKeepAlive: true,
    charset: 'utf8mb4_general_ci',
    dateStrings: true,
    supportBigNumbers: true,
    connectAttributes: { program_name: 'holdfast' },
  });
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([connecting, aborted.promise]);
  } catch (error) {
    void connecting.then((client) => client.destroy()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * The driver compares a certificate with names alone: with an address for the host it would go by `localhost`. A dot behind it
 * makes it a name for the driver, and Node takes that off again before it compares.
 */
function reached(host: string, port: number, ssl: SslOptions | null): Pick<ConnectionOptions, 'host' | 'stream'> {
  if (ssl?.verifyIdentity !== true || isIP(host) === 0) return { host };
  return { host: `${host}.`, stream: () => openSocket({ host, port, keepAlive: true, noDelay: true }) };
}

async function start(
  client: Client,
  connection: Connection,
  { signal, fallback, lockTimeoutMs, flavour }: SessionOptions,
): Promise<Session> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  const abort = (): void => {
    lost.reject(signal.reason);
    client.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  // A connection that breaks while nothing is asked is found out by the next question.
  client.on('error', () => undefined);
  const query = async <R extends object>(text: string, values: readonly unknown[] = []): Promise<R[]> => {
    signal.throwIfAborted();
    try {
      const [rows] = await Promise.race([client.query(text, [...values]), lost.promise]);
      return Array.isArray(rows) ? (rows as R[]) : [];
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw fromDriver(error, connection, fallback);
    }
  };
  const close = async (): Promise<void> => {
    signal.removeEventListener('abort', abort);
    if (!signal.aborted) await client.end().catch(() => undefined);
    client.destroy();
  };
  try {
    const [row] = await query<{ version: string; id: number }>('SELECT VERSION() AS version, CONNECTION_ID() AS id');
    if (!row) throw new HoldfastError('internal');
    const server = versionOf(row.version);
    const isMariadb = row.version.includes('MariaDB');
    if (isMariadb !== (flavour.type === 'mariadb')) {
      const [is, type] = isMariadb ? ['MariaDB', 'mariadb'] : ['MySQL', 'mysql'];
      throw failure(
        'configuration',
        `the server is ${is} ${server.version}: register the database with type "${type}"`,
        connection,
      );
    }
    const lockSeconds = Math.max(1, Math.ceil(lockTimeoutMs / 1000));
    // The server, or the user's account, may have settings that would get in the way.
    await query(
      `SET SESSION sql_mode = '', wait_timeout = 31536000, net_read_timeout = 600, net_write_timeout = 600,
         lock_wait_timeout = ${lockSeconds}, foreign_key_checks = 0`,
    );
    // Otherwise sizes are as of yesterday.
    if (flavour.type === 'mysql' && server.major >= 8) await query('SET SESSION information_schema_stats_expiry = 0');
    return { server, id: row.id, query, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function versionOf(text: string): ServerVersion {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
  const version = /^\d+(?:\.\d+)*(?:-MariaDB)?/.exec(text)?.[0] ?? text;
  return { version, major, minor };
}

function checkConnection({ host, port, user, database }: Connection): void {
  const refuse = (what: string): never => {
    throw new HoldfastError('configuration', `${what}: correct the registered database.`);
  };
  if (!/^[A-Za-z0-9_:.%-]+$/.test(host)) refuse(`"${host}" is not a host name or an IP address`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) refuse(`${port} is not a port`);
  if (user === '' || user.includes('\0')) refuse('The user name is empty or holds a zero byte');
  if (database === '' || database.includes('\0')) refuse('The database name is empty or holds a zero byte');
}
