import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@holdfast/shared/domain';
import { authSource } from './session.ts';
import { planTls } from './tls.ts';

/** How a client program is told where and as whom to connect, and the removal of the files that it is told it by. */
export interface ConnectionArguments {
  args: readonly string[];
  dispose: () => Promise<void>;
}

const selectionSeconds = 10;

/**
 * The password goes by a file that nobody else can read, as the programs know no variable for it; everything else by options
 * of its own, never by a connection string, in which a name could be read as more than a name.
 */
export async function connectionArguments(connection: Connection, signal: AbortSignal): Promise<ConnectionArguments> {
  const { host, port, user, password } = connection;
  const tls = await planTls(connection, signal);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-mongodb-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const args = [`--host=${host}`, `--port=${port}`, `--serverSelectionTimeout=${selectionSeconds}`];
    if (password) {
      const file = join(folder, 'config.yaml');
      // What JSON writes in quotes is a text of YAML, too.
      await writeFile(file, `password: ${JSON.stringify(password.reveal())}\n`, { mode: 0o600 });
      args.push(`--username=${user}`, `--authenticationDatabase=${authSource(connection)}`, `--config=${file}`);
    }
    if (tls) args.push('--ssl');
    if (tls && !tls.verify) args.push('--tlsInsecure');
    if (tls?.roots) {
      const file = join(folder, 'ca.pem');
      await writeFile(file, tls.roots, { mode: 0o600 });
      args.push(`--sslCAFile=${file}`);
    }
    return { args, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
