import { isIP } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { failure } from './failures.ts';

/** How the driver and the client programs are to connect; null: without TLS. */
export type TlsPlan = null | {
  /** Whether certificate and name of the server are verified. */
  verify: boolean;
  /** PEM certificates to trust; null: the system's. */
  roots: string | null;
};

const handshakeMs = 10_000;

/**
 * The same meaning of a TLS mode for the driver and for mongodump. MongoDB's programs verify all or nothing, hence there is no
 * `verify-ca`. All of them try a failed handshake again and again until their time is over, so one is made here before.
 * @throws HoldfastError configuration, tls_failed
 */
export async function planTls(connection: Connection, signal: AbortSignal): Promise<TlsPlan> {
  const { sslmode = 'prefer', ca } = connection.options;
  const unverified = { rejectUnauthorized: false };
  switch (sslmode) {
    case 'disable':
      return null;
    case 'prefer': {
      const problem = await handshake(connection, unverified, signal);
      return problem === null ? { verify: false, roots: null } : null;
    }
    case 'require':
      await mustSucceed(connection, unverified, signal);
      return { verify: false, roots: null };
    case 'verify-ca':
      throw new HoldfastError(
        'configuration',
        'MongoDB\'s client programs cannot verify the authority without the name: set "sslmode" to "verify-full", or to "require" where nothing is to be verified.',
      );
    case 'verify-full':
      await mustSucceed(connection, ca === undefined ? {} : { ca }, signal);
      return { verify: true, roots: ca ?? null };
  }
}

async function mustSucceed(connection: Connection, how: ConnectionOptions, signal: AbortSignal): Promise<void> {
  const problem = await handshake(connection, how, signal);
  if (problem !== null) throw failure('tls_failed', problem.message, connection, problem);
}

/** @returns why a TLS handshake fails; null when it succeeds */
function handshake({ host, port }: Connection, how: ConnectionOptions, signal: AbortSignal): Promise<Error | null> {
  signal.throwIfAborted();
  return new Promise((resolve) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, timeout: handshakeMs, ...name, ...how });
    const done = (problem: Error | null): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(problem);
    };
    const onAbort = (): void => done(new Error('it was ended'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('secureConnect', () => done(null));
    socket.on('error', done);
    socket.once('timeout', () => done(new Error('the server did not answer the TLS handshake')));
    socket.once('close', () => done(new Error('the server closed the connection: it may speak no TLS')));
  });
}
