import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import type { Connection } from '@holdfast/shared/domain';

/** A socket on this machine that leads to a server by TLS. */
export interface Tunnel {
  path: string;
  close: () => Promise<void>;
}

/**
 * Lets a client program without TLS reach a server by TLS: `redis-cli` never compares a certificate with the name of the server
 * that it asked for. The socket lies in a folder that nobody else may enter.
 */
export async function openTunnel({ host, port }: Connection, tls: ConnectionOptions): Promise<Tunnel> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tunnel-'));
  const path = join(folder, 'server');
  const server = createServer((near) => {
    const far = connect({ ...tls, host, port });
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    far.on('close', () => near.end());
    far.once('secureConnect', () => {
      near.pipe(far);
      far.pipe(near);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    path,
    close: async () => {
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
