import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@holdfast/shared/domain';
import { planTls } from '../tls.ts';
import type { Flavour } from './flavour.ts';

/** How a client program reaches a server, and the removal of the file that its options may name. */
export interface ProgramConnection {
  args: string[];
  env: Record<string, string>;
  dispose: () => Promise<void>;
}

/**
 * Options for any of the client programs. No option file of the machine takes part; the password goes by the environment,
 * which nobody but the program and root can read.
 */
export async function programConnection(flavour: Flavour, connection: Connection): Promise<ProgramConnection> {
  const { host, port, user, password } = connection;
  const { mode, roots } = await planTls(connection);
  const { file, dispose } = await certificates(roots);
  return {
    args: [
      '--no-defaults',
      `--host=${host}`,
      `--port=${port}`,
      '--protocol=TCP',
      `--user=${user}`,
      '--default-character-set=utf8mb4',
      '--max-allowed-packet=1G',
      ...flavour.tlsArgs(mode, file),
    ],
    env: {
      HOME: '/nonexistent',
      MYSQL_TEST_LOGIN_FILE: '/nonexistent/login',
      ...(password && { MYSQL_PWD: password.reveal() }),
    },
    dispose,
  };
}

async function certificates(roots: string | null): Promise<{ file: string | null; dispose: () => Promise<void> }> {
  if (roots === null) return { file: null, dispose: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-ca-'));
  const file = join(folder, 'root.crt');
  await writeFile(file, roots, { mode: 0o600 });
  return { file, dispose: () => rm(folder, { recursive: true, force: true }) };
}
