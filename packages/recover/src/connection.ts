import { readFile } from 'node:fs/promises';
import type { RecoveryEnvironment } from '@holdfast/shared/config';
import { defaultPorts, HoldfastError, Secret, type Connection } from '@holdfast/shared/domain';
import { readPort, type TargetOptions } from './command.ts';
import { passwordFrom } from './password.ts';
import { UsageError } from './usage.ts';

/**
 * How the server of a restore is reached: by the options, then by the environment; the password by neither's URL.
 * @param askHidden asks for the password where nothing else has it
 * @throws UsageError, HoldfastError configuration
 */
export async function connectionTo(
  target: TargetOptions,
  database: string,
  environment: RecoveryEnvironment,
  askHidden: (question: string) => Promise<string | null>,
): Promise<Connection> {
  const host = target.host ?? environment.host;
  const user = target.user ?? environment.user;
  const port = target.port ?? readPort(environment.port) ?? defaultPorts.postgresql;
  if (host === null || user === null) {
    throw new UsageError('Say where to restore to: --host and --user, --url, or PGHOST and PGUSER.');
  }
  if (/^[-/]|[\s=,]/.test(host)) throw new UsageError('--host must be a host name or an IP address.');
  const reached = { host, port, user, database };
  return {
    ...reached,
    password: await passwordOf(reached, environment, askHidden),
    options: {
      ...(target.sslmode === null ? {} : { sslmode: target.sslmode }),
      ...(target.ca === null ? {} : { ca: await readText(target.ca) }),
    },
  };
}

async function passwordOf(
  reached: { host: string; port: number; user: string; database: string },
  { password, passwordFile }: RecoveryEnvironment,
  askHidden: (question: string) => Promise<string | null>,
): Promise<Secret | null> {
  if (password) return password;
  const kept = passwordFile === null ? null : await passwordFrom(passwordFile, reached);
  if (kept) return kept;
  const typed = await askHidden(`Password of ${reached.user} on ${reached.host}: `);
  return typed ? new Secret(typed) : null;
}

/** @throws HoldfastError configuration */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new HoldfastError('configuration', `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}
