import { readFile } from 'node:fs/promises';
import type { RecoveryEnvironment } from '@holdfast/shared/config';
import { defaultPorts, HoldfastError, isPath, Secret, type Connection, type EngineType } from '@holdfast/shared/domain';
import { readPort, type TargetOptions } from './command.ts';
import { passwordFrom } from './password.ts';
import { UsageError } from './usage.ts';

/** Whom the server means where nobody is named; of other kinds somebody has to be. */
const usualUsers: Readonly<Partial<Record<EngineType, string>>> = { redis: 'default', mongodb: '' };

/**
 * How the server of a restore is reached: by the options, then by the environment; the password by neither's URL. A database
 * that is a path lies on this machine.
 * @param askHidden asks for the password where nothing else has it
 * @throws UsageError, HoldfastError configuration
 */
export async function connectionTo(
  type: EngineType,
  target: TargetOptions,
  database: string,
  environment: RecoveryEnvironment,
  askHidden: (question: string) => Promise<string | null>,
): Promise<Connection> {
  if (isPath(type)) {
    const { host, port, user, sslmode, ca } = target;
    if ([host, port, user, sslmode, ca].some((given) => given !== null)) {
      const option = type === 'files' ? '--to' : '--database';
      throw new UsageError(`What is of the type ${type} is restored to a path on this machine: give ${option} alone.`);
    }
    return { host: '', port: 0, user: '', password: null, database, options: {} };
  }
  const given = type === 'postgresql' ? environment : { host: null, port: null, user: null };
  const host = target.host ?? given.host;
  const user = target.user ?? given.user ?? usualUsers[type] ?? null;
  const port = target.port ?? readPort(given.port) ?? defaultPorts[type];
  if (host === null || user === null || port === null) {
    const ways = type === 'postgresql' ? '--host and --user, --url, or PGHOST and PGUSER' : '--host and --user';
    throw new UsageError(`Say where to restore to: ${ways}.`);
  }
  if (/^[-/]|[\s=,]/.test(host)) throw new UsageError('--host must be a host name or an IP address.');
  const reached = { host, port, user, database };
  return {
    ...reached,
    password: await passwordOf(type, reached, environment, askHidden),
    options: {
      ...(target.sslmode === null ? {} : { sslmode: target.sslmode }),
      ...(target.ca === null ? {} : { ca: await readText(target.ca) }),
    },
  };
}

async function passwordOf(
  type: EngineType,
  reached: { host: string; port: number; user: string; database: string },
  { passwords, passwordFile }: RecoveryEnvironment,
  askHidden: (question: string) => Promise<string | null>,
): Promise<Secret | null> {
  if (reached.user === '') return null;
  const password = passwords[type];
  if (password) return password;
  const kept = type === 'postgresql' && passwordFile !== null ? await passwordFrom(passwordFile, reached) : null;
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
