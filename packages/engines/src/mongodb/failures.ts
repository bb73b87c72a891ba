import { errorCodes, HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { bySystemError, tlsCode } from '../network-failures.ts';
import { MongoServerError } from 'mongodb';
import { redact } from '@holdfast/shared/security';

const byServerCode: Readonly<Record<number, ErrorCode>> = {
  11: 'auth_failed',
  13: 'privilege_missing',
  18: 'auth_failed',
  24: 'lock_timeout',
  46: 'lock_timeout',
  48: 'restore_target_exists',
  50: 'server_silent',
  89: 'connection_lost',
  91: 'server_busy',
  189: 'server_busy',
  202: 'server_busy',
  6: 'host_unreachable',
  7: 'host_unknown',
  8000: 'auth_failed',
  9001: 'connection_lost',
  10_107: 'server_busy',
  11_600: 'connection_lost',
  11_602: 'server_busy',
  13_435: 'server_busy',
  13_436: 'server_busy',
};

/**
 * What mongodump and mongorestore print. Because a look by the driver goes first, this decides only what happens later: whether
 * the connection was lost on the way or the program met something else.
 */
const byProgramText: readonly (readonly [RegExp, ErrorCode])[] = [
  [/AuthenticationFailed|unable to authenticate|SCRAM-SHA-\d+ .*failed/i, 'auth_failed'],
  [/\(Unauthorized\)|not authorized on/, 'privilege_missing'],
  [/tls: |x509: |certificate verify failed/, 'tls_failed'],
  [/server selection error|connection refused|connection reset|broken pipe/, 'connection_lost'],
  [
    /socket was unexpectedly closed|incomplete read|unexpected EOF|connection\(.*\) (?:closed|write|read)|: EOF/,
    'connection_lost',
  ],
  [/InterruptedAtShutdown|ShutdownInProgress|node is shutting down/, 'connection_lost'],
  [/NotWritablePrimary|NotPrimaryNoSecondaryOk|not master/, 'server_busy'],
];

const help: Partial<Record<ErrorCode, string>> = {
  auth_failed: 'Correct the user, the password or "auth_source" of the registered database.',
  host_unknown: 'Correct the host name of the registered database.',
  host_unreachable: 'See that the server runs and that a firewall lets the worker through.',
  database_missing: 'Correct the database name, or create it: MongoDB has no database without a collection.',
  server_busy: 'See that the server is up and, for a restore, that it is the primary of its replica set.',
  tls_failed: 'Correct the server or the TLS mode; it is never lowered by itself.',
};

/**
 * Narrows what the driver threw to the table.
 * @param fallback the code of an error of the server that has no place in the table
 */
export function fromDriver(thrown: unknown, connection: Connection, fallback: ErrorCode): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const said = thrown instanceof Error && thrown.message !== '' ? thrown.message : String(thrown);
  return failure(driverCode(thrown, connection) ?? fallback, said, connection, thrown);
}

function driverCode(thrown: unknown, { password }: Connection): ErrorCode | undefined {
  if (thrown instanceof MongoServerError) {
    const code = byServerCode[Number(thrown.code)];
    // Who gives no password is not authenticated at all, which a server tells as a lack of privileges.
    return code === 'privilege_missing' && password === null ? 'auth_failed' : code;
  }
  for (const error of causesOf(thrown)) {
    if (error instanceof MongoServerError) return byServerCode[Number(error.code)];
    const code = (error as { code?: unknown }).code;
    if (typeof code === 'string' && tlsCode.test(code)) return 'tls_failed';
    if (typeof code === 'string' && bySystemError[code] !== undefined) return bySystemError[code];
  }
  switch (thrown instanceof Error ? thrown.name : '') {
    case 'MongoServerSelectionError':
      return 'host_unreachable';
    case 'MongoNetworkTimeoutError':
      return 'server_silent';
    case 'MongoNetworkError':
    case 'MongoPoolClearedError':
    case 'MongoPoolClosedError':
    case 'MongoNotConnectedError':
    case 'MongoTopologyClosedError':
    case 'MongoClientClosedError':
      return 'connection_lost';
    case 'MongoMissingCredentialsError':
      return 'auth_failed';
    default:
      return undefined;
  }
}

/** What was thrown and all that caused it, the outermost first. */
function* causesOf(thrown: unknown): Generator<Error> {
  for (let error = thrown; error instanceof Error; error = error.cause) yield error;
}

/**
 * Narrows what a client program wrote to standard error.
 * @param fallback the code when nothing in it is known
 */
export function fromProgram(stderr: string, connection: Connection, fallback: ErrorCode): HoldfastError {
  const code = byProgramText.find(([pattern]) => pattern.test(stderr))?.[1] ?? fallback;
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
