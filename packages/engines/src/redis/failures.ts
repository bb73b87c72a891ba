import { errorCodes, HoldfastError, type Connection, type ErrorCode } from '@holdfast/shared/domain';
import { bySystemError, tlsCode } from '../network-failures.ts';
import { redact } from '@holdfast/shared/security';

/** The first word of an error that a server answers with. */
const byWord: Readonly<Record<string, ErrorCode>> = {
  NOAUTH: 'auth_failed',
  WRONGPASS: 'auth_failed',
  DENIED: 'auth_failed',
  NOPERM: 'privilege_missing',
  LOADING: 'server_busy',
  BUSY: 'server_busy',
  MASTERDOWN: 'server_busy',
  NOMASTERLINK: 'server_busy',
  TRYAGAIN: 'server_busy',
  READONLY: 'configuration',
  CLUSTERDOWN: 'configuration',
  MOVED: 'configuration',
  OOM: 'restore_failed',
  MISCONF: 'restore_failed',
};

/** What has no word or code of its own, as servers, the driver and the client programs put it. */
const byText: readonly (readonly [RegExp, ErrorCode])[] = [
  [/max number of clients reached/, 'server_busy'],
  [/invalid password|without any password configured|AUTH failed/, 'auth_failed'],
  [/DB index is out of range/, 'database_missing'],
  [/unknown command|^Protocol error, got/, 'configuration'],
  [/payload version or checksum are wrong|Bad data format/, 'restore_failed'],
  [/Socket timeout/, 'server_silent'],
  [/Could not connect to .*(?:Name or service not known)/, 'host_unknown'],
  [/Could not connect to|connect ETIMEDOUT/, 'host_unreachable'],
  [/I\/O Error|Error reading|Server closed the connection|Connection is closed|Connection reset/i, 'connection_lost'],
];

const help: Partial<Record<ErrorCode, string>> = {
  auth_failed: 'Correct the user or the password of the registered database.',
  host_unknown: 'Correct the host name of the registered database.',
  host_unreachable: 'See that the server runs and that a firewall lets the worker through.',
  database_missing: 'Give the number of a logical database, or "all".',
  tls_failed: 'Correct the server or the TLS mode; it is never lowered by itself.',
};

/** What helps against errors whose code alone does not tell. */
const helpByText: readonly (readonly [RegExp, string])[] = [
  [/^Protocol error, got/, 'What listens there does not speak as Redis does: correct the host, the port or the type.'],
  [/^OOM|\bOOM command/, 'The server has no memory left below its maxmemory: raise it, or free some.'],
  [/\bMISCONF/, 'The server cannot save to its disk and takes no writes: mend that first.'],
  [/\bREADONLY/, 'The server is a replica: restore into its primary.'],
  [
    /payload version/,
    'The backup is of a newer server than this one, or of another kind: restore into a server like that.',
  ],
  [
    /'p?sync'.*|unknown command .*sync/i,
    'Dumps go over the replication protocol: ACL SETUSER <user> +sync +psync +replconf.',
  ],
];

/**
 * Narrows what the driver threw to the table.
 * @param fallback the code of an answer that has no place in the table
 */
export function fromDriver(thrown: unknown, connection: Connection, fallback: ErrorCode): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const said = thrown instanceof Error && thrown.message !== '' ? thrown.message : codeOf(thrown);
  return failure(driverCode(thrown, said) ?? fallback, said, connection, thrown);
}

function driverCode(thrown: unknown, said: string): ErrorCode | undefined {
  const code = codeOf(thrown);
  if (tlsCode.test(code)) return 'tls_failed';
  if (code !== '' && code in bySystemError) return bySystemError[code];
  return byServerText(said);
}

function byServerText(said: string): ErrorCode | undefined {
  const word = /\b[A-Z]{3,}\b/.exec(said)?.[0] ?? '';
  return byWord[word] ?? byText.find(([pattern]) => pattern.test(said))?.[1];
}

function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** What a client program says of its own progress. */
const progress = /^(?:sending REPLCONF|SYNC sent to|Transfer finished|Warning: Using a password).*$/gm;

/** Narrows what a client program wrote to standard error. */
export function fromProgram(stderr: string, connection: Connection, fallback: ErrorCode): HoldfastError {
  const said = stderr.replace(progress, '').trim() || stderr;
  const answer = /-([A-Z]+)\b/.exec(said)?.[1] ?? '';
  const code = byWord[answer] ?? byText.find(([pattern]) => pattern.test(said))?.[1] ?? fallback;
  return failure(code, said, connection, undefined);
}

/** One complete text: what was wrong, where, in the server's words, and what to do. */
export function failure(code: ErrorCode, detail: string, connection: Connection, cause: unknown): HoldfastError {
  const { host, port, database, user, password } = connection;
  const where = `${host}:${port}, database "${database}", user "${user}"`;
  const said = redact(detail.trim().replace(/\.$/, ''), password ? [password] : []);
  const more = helpByText.find(([pattern]) => pattern.test(detail))?.[1] ?? help[code];
  const sentences = [errorCodes[code].text, `${where}: ${said}.`, more];
  return new HoldfastError(code, sentences.filter((sentence) => sentence !== undefined).join(' '), { cause });
}
