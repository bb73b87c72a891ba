import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { isIP } from 'node:net';
import { HoldfastError, type Connection } from '@holdfast/shared/domain';

/**
 * How TLS is made. Redis has no word by which a connection begins without it and goes on with it, so a port speaks the one or the
 * other: what is not asked for is not tried, and `prefer` has no meaning.
 * @returns null for none
 * @throws HoldfastError configuration
 */
export function tlsOptions({ host, options }: Pick<Connection, 'host' | 'options'>): ConnectionOptions | null {
  const mode = options.sslmode ?? 'disable';
  const roots = options.ca === undefined ? {} : { ca: options.ca };
  const name = isIP(host) === 0 ? { servername: host } : {};
  switch (mode) {
    case 'disable':
      return null;
    case 'prefer':
      throw new HoldfastError(
        'configuration',
        'A port of a Redis server speaks TLS or does not, so the TLS mode "prefer" has no meaning: choose "disable", "require", "verify-ca" or "verify-full".',
      );
    case 'require':
      return { ...name, rejectUnauthorized: false };
    case 'verify-ca':
      return { ...name, ...roots, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { ...name, ...roots, checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) };
  }
}
