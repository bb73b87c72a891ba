import { errorCodes, HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { bySystemError, tlsCode } from '../network-failures.ts';
import { redact } from '@holdfast/shared/security';

/** Numbers of errors, which server and client library, MySQL and MariaDB share. */
const byNumber: Readonly<Record<number, ErrorCode>> = {
  1007: 'restore_target_exists',
  1040: 'server_busy',
  1044: 'privilege_missing',
  1045: 'auth_failed',
  1049: 'database_missing',
  1053: 'connection_lost',
  1129: 'server_busy',
  1130: 'auth_failed',
  1142: 'privilege_missing',
  1143: 'privilege_missing',
  1153: 'configuration',
  1158: 'connection_lost',
  1159: 'connection_lost',
  1160: 'connection_lost',
  1161: 'connection_lost',
  1203: 'server_busy',
  1205: 'lock_timeout',
  1213: 'lock_timeout',
  1226: 'server_busy',
  1227: 'privilege_missing',
  1251: 'auth_failed',
  1370: 'privilege_missing',
  1419: 'privilege_missing',
  1698: 'auth_failed',
  1862: 'auth_failed',
  1927: 'connection_lost',
  2002: 'host_unreachable',
  2003: 'host_unreachable',
  2005: 'host_unknown',
  2006: 'connection_lost',
  2013: 'connection_lost',
  2020: 'configuration',
  2026: 'tls_failed',
  2055: 'connection_lost',
  2061: 'auth_failed',
  3118: 'auth_failed',
  3159: 'tls_failed',
};

/** What mysql2 calls what happened to a connection. */
const byDriverCode: Readonly<Record<string, ErrorCode>> = {
  PROTOCOL_CONNECTION_LOST: 'connection_lost',
  HANDSHAKE_NO_SSL_SUPPORT: 'tls_failed',
  HANDSHAKE_SSL_ERROR: 'tls_failed',
};

const help: Partial<Record<ErrorCode, string>> = {
  auth_failed: 'Correct the user or the password of the registered database.',
  host_unknown: 'Correct the host name of the registered database.',
  host_unreachable: 'See that the server runs and that a firewall lets the worker through.',
  database_missing: 'Correct the database name, or create it.',
  lock_timeout: 'See who holds the lock (SHOW PROCESSLIST), or raise HOLDFAST_LOCK_TIMEOUT_SECONDS.',
  tls_failed: 'Correct the server or the TLS mode; it is never lowered by itself.',
};

const helpByNumber: Readonly<Record<number, string>> = {
  1153: 'Raise max_allowed_packet of the server above twice the largest value.',
  1412: 'Somebody changed a table while the dump was going on; it is made again.',
  1419: 'The server writes a binary log and does not trust makers of functions: SET GLOBAL log_bin_trust_function_creators = 1, or restore as a user with SUPER.',
  1449: 'A definer does not exist on this server: create the user, or restore with ownership "skip".',
  1370: 'Where it is a definer that may not: grant it EXECUTE on the database, or restore with ownership "skip".',
  1227: 'Definers other than the restoring user need SET_ANY_DEFINER (MySQL) or SET USER (MariaDB); or restore with ownership "skip".',
};

/**
 * Narrows what the driver threw to the table.
 * @param fallback the code of an error of the server that has no place in the table
 */
export function fromDriver(thrown: unknown, connection: Connection, fallback: ErrorCode): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const { code, number } = codesOf(thrown);
  const message = thrown instanceof Error && thrown.message !== '' ? thrown.message : code;
  return failure(driverCode(thrown) ?? fallback, message, connection, thrown, number);
}

/** @returns undefined for an error of the server that has no place in the table */
export function driverCode(thrown: unknown): ErrorCode | undefined {
  const { code, number } = codesOf(thrown);
  if (tlsCode.test(code)) return 'tls_failed';
  const known = bySystemError[code] ?? byDriverCode[code] ?? byNumber[number ?? 0];
  if (known !== undefined) return known;
  if (number !== null && code.startsWith('ER_')) return undefined;
  return thrown instanceof Error && 'fatal' in thrown ? 'connection_lost' : 'internal';
}

function codesOf(thrown: unknown): { code: string; number: number | null } {
  const { code, errno } = (thrown ?? {}) as { code?: unknown; errno?: unknown };
  return { code: typeof code === 'string' ? code : '', number: typeof errno === 'number' && errno > 0 ? errno : null };
}

/** The number of an error as the client programs print it. */
const printedNumber = /(?:\bGot error: |\bError:? |\bERROR )(\d{4,5})\b|\bCouldn't execute .*\((\d{4,5})\)$/m;

/**
 * Narrows what a client program wrote to standard error.
 * @param fallback the code when nothing in it is known
 */
export function fromProgram(stderr: string, connection: Connection, fallback: ErrorCode): HoldfastError {
  const [, ...numbers] = printedNumber.exec(stderr) ?? [];
  const number = Number(numbers.find((one) => one !== undefined) ?? 0);
  return failure(byNumber[number] ?? fallback, stderr, connection, undefined, number);
}

/** One complete text: what was wrong, where, in the server's words, and what to do. */
export function failure(
  code: ErrorCode,
  detail: string,
  connection: Connection,
  cause?: unknown,
  number?: number | null,
): HoldfastError {
  const { host, port, database, user, password } = connection;
  const where = `${host}:${port}, database "${database}", user "${user}"`;
  const said = redact(detail.trim().replace(/\.$/, ''), password ? [password] : []);
  const sentences = [errorCodes[code].text, `${where}: ${said}.`, helpByNumber[number ?? 0] ?? help[code]];
  return new HoldfastError(code, sentences.filter((sentence) => sentence !== undefined).join(' '), { cause });
}
