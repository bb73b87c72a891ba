import { connect as openSocket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, ErrorCode, HoldfastError } from '@holdfast/shared/domain';

/** What an engine speaks with its server. */
type Protocol = 'postgresql' | 'mysql' | 'redis';
type Speaker = Protocol | 'web' | 'ssh' | 'tls' | 'unknown';

const protocols: Readonly<Record<Protocol, string>> = {
  postgresql: 'PostgreSQL’s protocol',
  mysql: 'the protocol of MySQL and MariaDB',
  redis: 'the protocol of Redis and Valkey',
};

const speakers: Readonly<Record<Speaker, string>> = {
  postgresql: 'PostgreSQL',
  mysql: 'MySQL or MariaDB',
  redis: 'Redis or Valkey',
  web: 'a web server',
  ssh: 'an SSH server',
  tls: 'a server that takes nothing but TLS',
  unknown: 'something that is not known here',
};

/** A connection that is not made by then may be one to somebody else. */
const patienceMs = 2000;
/** Whoever greets has greeted by then; everybody else waits to be asked. */
const greetingMs = 300;
const lookMs = 3000;

/** PostgreSQL takes the first eight bytes for a wish for TLS, Redis answers to the last line, web servers complain. */
const question = Buffer.from('\0\0\0\x08\x04\xd2\x16\x2f\r\nPING\r\n\r\n', 'latin1');

/** What only the server that was meant can have said, and what is so before any server was asked. */
const settled: ReadonlySet<ErrorCode> = new Set([
  'auth_failed',
  'database_missing',
  'privilege_missing',
  'server_busy',
  'host_unknown',
]);

/** What also the right server's network may do: there it takes more than unknown words to call it a wrong one. */
const passing: ReadonlySet<ErrorCode> = new Set(['connection_lost', 'host_unreachable', 'server_silent', 'tls_failed']);

export interface Acquaintance {
  protocol: Protocol;
  /** Whether the connection was to begin with TLS, so that a server which takes nothing else may be the right one. */
  beginsWithTls?: boolean;
  connection: Connection;
  signal: AbortSignal;
  failure: (code: ErrorCode, said: string, connection: Connection, cause: unknown) => HoldfastError;
}

/**
 * Runs `connect`; where that fails or takes long it looks who listens there. A server that speaks something else ends it at once.
 * @param connect what it throws are HoldfastErrors, or the reason of its signal
 * @throws HoldfastError configuration, naming what answers there; host_unreachable where nobody says a word; or as `connect`
 */
export async function unlessStranger<T>(
  acquaintance: Acquaintance,
  connect: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { connection, signal } = acquaintance;
  const [found, ended] = [new AbortController(), new AbortController()];
  let looked: Promise<Speaker | 'silent' | null> | null = null;
  const look = () => (looked ??= whoAnswers(connection, AbortSignal.any([signal, ended.signal])));
  void delay(patienceMs, undefined, { signal: ended.signal }).then(
    async () => {
      const seen = await look();
      if (seen !== 'silent' && seen !== 'unknown' && isStranger(acquaintance, seen)) found.abort();
    },
    () => undefined,
  );
  try {
    return await connect(AbortSignal.any([signal, found.signal]));
  } catch (error) {
    const code = (error as Partial<HoldfastError>).code ?? 'internal';
    signal.throwIfAborted();
    if (settled.has(code)) throw error;
    const seen = await look();
    signal.throwIfAborted();
    throw explained(acquaintance, seen, error, found.signal.aborted ? 'internal' : code);
  } finally {
    ended.abort();
  }
}

const isStranger = ({ protocol, beginsWithTls = false }: Acquaintance, seen: Speaker | null): seen is Speaker =>
  seen !== null && seen !== protocol && !(seen === 'tls' && beginsWithTls);

function explained(
  acquaintance: Acquaintance,
  seen: Speaker | 'silent' | null,
  error: unknown,
  code: ErrorCode,
): unknown {
  const { protocol, connection, failure } = acquaintance;
  if (seen === 'silent') {
    if (code !== 'host_unreachable') return error;
    return failure(code, 'connections are taken there, and nobody answers', connection, error);
  }
  if (!isStranger(acquaintance, seen) || (seen === 'unknown' && passing.has(code))) return error;
  const { host, port } = connection;
  return failure(
    'configuration',
    `the server at ${host}:${port} does not speak ${protocols[protocol]}, it answers as ${speakers[seen]} does. Correct the host, the port or the type of the database`,
    connection,
    error,
  );
}

/** @returns `silent`: it takes connections and says nothing; null: it takes none, or ends them without a word */
async function whoAnswers({ host, port }: Connection, signal: AbortSignal): Promise<Speaker | 'silent' | null> {
  const { promise, resolve } = Promise.withResolvers<Speaker | 'silent' | null>();
  const socket = openSocket({ host, port });
  let asking: NodeJS.Timeout | undefined;
  const giveUp = (): void => resolve(asking ? 'silent' : null);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
  limit.addEventListener('abort', giveUp, { once: true });
  socket.once('connect', () => {
    asking = setTimeout(() => socket.write(question), greetingMs);
  });
  socket.once('data', (bytes: Buffer) => resolve(speakerOf(bytes)));
  socket.on('error', () => resolve(null));
  socket.once('close', () => resolve(null));
  try {
    if (limit.aborted) giveUp();
    return await promise;
  } finally {
    clearTimeout(asking);
    limit.removeEventListener('abort', giveUp);
    socket.destroy();
  }
}

/** Who begins so. Nothing of what a stranger says goes any further. */
export function speakerOf(bytes: Buffer): Speaker {
  const text = bytes.toString('latin1');
  if (text.startsWith('SSH-')) return 'ssh';
  if (text.startsWith('HTTP/')) return 'web';
  // Its answer to the wish for TLS, or an error or a demand for a password with their length.
  if (text === 'S' || text === 'N' || /^[SN]?[ER]\0\0/.test(text)) return 'postgresql';
  // The first packet: its length, its number, and the protocol's version or the mark of an error.
  if (bytes.length > 4 && bytes[3] === 0 && bytes.readUIntLE(0, 3) < 1000 && [10, 255].includes(bytes[4] ?? 0)) {
    return 'mysql';
  }
  if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 3) return 'tls';
  return /^(?:\+PONG|-[A-Z]+ )/.test(text) ? 'redis' : 'unknown';
}
