import { readFile } from 'node:fs/promises';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { HoldfastError, type Connection, type TlsMode } from '@holdfast/shared/domain';

/** The same meaning of a TLS mode for a driver and for the client programs beside it. */
export interface TlsPlan {
  mode: TlsMode;
  /** What the driver is to try, in this order; more than one only for `prefer`. */
  attempts: readonly (ConnectionOptions | false)[];
  /** PEM certificates to trust, for the modes that verify. */
  roots: string | null;
}

/**
 * Where systems keep the certificates that they trust. libpq has no word for them before version 16, and Node has a list of
 * its own, so both are given this file.
 */
const systemRoots = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/** @throws HoldfastError tls_failed when the mode verifies and there is nothing to verify against */
export async function planTls({ host, options }: Connection): Promise<TlsPlan> {
  const mode = options.sslmode ?? 'prefer';
  switch (mode) {
    case 'disable':
      return { mode, attempts: [false], roots: null };
    case 'prefer':
      return { mode, attempts: [{ rejectUnauthorized: false }, false], roots: null };
    case 'require':
      return { mode, attempts: [{ rejectUnauthorized: false }], roots: null };
    case 'verify-ca': {
      const roots = options.ca ?? (await readSystemRoots());
      return { mode, attempts: [{ ca: roots, checkServerIdentity: () => undefined }], roots };
    }
    case 'verify-full': {
      const roots = options.ca ?? (await readSystemRoots());
      const check: ConnectionOptions['checkServerIdentity'] = (_name, certificate) =>
        checkServerIdentity(host, certificate);
      return { mode, attempts: [{ ca: roots, checkServerIdentity: check }], roots };
    }
  }
}

async function readSystemRoots(): Promise<string> {
  for (const path of systemRoots) {
    const roots = await readFile(path, 'utf8').catch(() => null);
    if (roots !== null) return roots;
  }
  throw new HoldfastError(
    'tls_failed',
    'The TLS mode verifies the server, but this machine has no file of trusted certificates: give the certificate of the authority with the database ("ca"), or install ca-certificates.',
  );
}
