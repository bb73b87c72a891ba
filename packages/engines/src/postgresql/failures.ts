import { errorCodes, HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { bySystemError, tlsCode } from '../network-failures.ts';
import { DatabaseError } from 'pg';
import { redact } from '@holdfast/shared/security';

const bySqlState: Readonly<Record<string, ErrorCode>> = {
  '25006': 'configuration',
  '28P01': 'auth_failed',
  '28000': 'auth_failed',
  '3D000': 'database_missing',
  '40001': 'standby_conflict',
  '42501': 'privilege_missing',
  '42P04': 'restore_target_exists',
  '53200': 'server_busy',
  '53300': 'server_busy',
  '55P03': 'lock_timeout',
  '57P03': 'server_busy',
  '57P01': 'connection_lost',
  '57P02': 'connection_lost',
  '57P05': 'connection_lost',
};

/** node-pg's own errors have no code, so their fixed words must do. */
const byDriverText: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^The server does not support SSL connections|establishing an SSL connection/, 'tls_failed'],
  [/^SASL: /, 'auth_failed'],
  [/^Connection terminated|^Client has encountered a connection error/, 'connection_lost'],
];

/**
 * What libpq's programs print, in the C locale. Because a look by node-pg goes first, this decides only what happens later:
 * whether the connection was lost on the way or the program met something else.
 */
const byProgramText: readonly (readonly [RegExp, ErrorCode])[] = [
  [/FATAL: {2}(?:password authentication failed|no pg_hba\.conf entry|role ".*" does not exist)/, 'auth_failed'],
  [/no password supplied/, 'auth_failed'],
  [/FATAL: {2}database ".*" does not exist/, 'database_missing'],
  [/could not translate host name ".*Name or service not known/, 'host_unknown'],
  [/could not translate host name/, 'host_unreachable'],
  [
    /failed: (?:Connection refused|Connection timed out|timeout expired|No route to host|Network is unreachable)/,
    'host_unreachable',
  ],
  [/server does not support SSL|SSL error: certificate|does not match host name/, 'tls_failed'],
  [/Connection timed out/, 'server_silent'],
  [/due to conflict with recovery/, 'standby_conflict'],
  [/server closed the connection|terminating connection|no connection to the server/, 'connection_lost'],
  // The session that holds the snapshot open is gone.
  [
    /invalid snapshot identifier|could not import the requested snapshot|snapshot ".*" does not exist/,
    'connection_lost',
  ],
  [/SSL SYSCALL error|SSL connection has been closed|unexpected eof/, 'connection_lost'],
  [/could not (?:receive|send) data|Connection reset by peer/, 'connection_lost'],
  [/FATAL: {2}(?:sorry, too many clients|remaining connection slots|the database system is)/, 'server_busy'],
  [/unsupported startup parameter/, 'configuration'],
  // pg_dump waits for its locks, and for nothing else, with a limit on the statement.
  [/canceling statement due to (?:lock|statement) timeout/, 'lock_timeout'],
  [/permission denied|must be (?:owner of|superuser)|row-level security policy/, 'privilege_missing'],
];

/** Where a program quotes the statement or the row that it failed with, which can hold any words. */
const quotedContent = /^(?:Command was|CONTEXT):[^]*?(?=^pg_|(?![^]))/gm;

const help: Partial<Record<ErrorCode, string>> = {
  auth_failed: 'Correct the user or the password of the registered database.',
  host_unknown: 'Correct the host name of the registered database.',
  host_unreachable: 'See that the server runs and that a firewall lets the worker through.',
  database_missing: 'Correct the database name, or create it.',
  lock_timeout: 'See who holds the lock (pg_locks), or raise HOLDFAST_LOCK_TIMEOUT_SECONDS.',
  standby_conflict: 'Set hot_standby_feedback = on on the standby, or raise its max_standby_streaming_delay.',
  tls_failed: 'Correct the server or the TLS mode; it is never lowered by itself.',
};

/**
 * Narrows what node-pg threw to the table.
 * @param fallback the code of an error of the server that has no place in the table
 */
export function fromDriver(thrown: unknown, connection: Connection, fallback: ErrorCode): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const message = thrown instanceof Error && thrown.message !== '' ? thrown.message : codeOf(thrown);
  const detail = thrown instanceof DatabaseError ? thrown.detail : undefined;
  const said = detail === undefined ? message : `${message} (${detail})`;
  return failure(driverCode(thrown) ?? fallback, said, connection, thrown);
}

/** @returns undefined for an error of the server that has no place in the table */
export function driverCode(thrown: unknown): ErrorCode | undefined {
  const code = codeOf(thrown);
  if (thrown instanceof DatabaseError)
    return bySqlState[code] ?? (code.startsWith('08') ? 'connection_lost' : undefined);
  if (tlsCode.test(code)) return 'tls_failed';
  // Nobody answers any more on a connection that was made.
  if (code === 'ETIMEDOUT' && (thrown as { syscall?: unknown }).syscall === 'read') return 'server_silent';
  const message = thrown instanceof Error ? thrown.message : '';
  return bySystemError[code] ?? byDriverText.find(([pattern]) => pattern.test(message))?.[1] ?? 'internal';
}

/** The SQLSTATE or system error code of what was thrown; empty when there is none. */
export function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/**
 * Narrows what a client program wrote to standard error.
 * @param fallback the code when nothing in it is known
 */
export function fromProgram(stderr: string, connection: Connection, fallback: ErrorCode): HoldfastError {
  const ownWords = stderr.replace(quotedContent, '');
  const code = byProgramText.find(([pattern]) => pattern.test(ownWords))?.[1] ?? fallback;
  return failure(code, stderr, connection, undefined);
}

/** One complete text: what was wrong, where, in the server's words, and what to do. */
export function failure(code: ErrorCode, detail: string, connection: Connection, cause: unknown): HoldfastError {
  const { host, port, database, user, password } = connection;
  const where = `${host}:${port}, database "${database}", user "${user}"`;
  const said = redact(detail.trim().replace(/\.$/, ''), password ? [password] : []);
  const sentences = [errorCodes[code].text, `${where}: ${said}.`, help[code]];
  return new HoldfastError(code, sentences.filter((sentence) => sentence !== undefined).join(' '), { cause });
}
