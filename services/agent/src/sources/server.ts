import { readFile } from 'node:fs/promises';
import { HoldfastError, Secret, type Connection, type Engine } from '@holdfast/shared/domain';
import type { ServerSettings } from '../config.ts';
import type { Source } from './source.ts';

/** A database on a server that this machine reaches. Files are read anew for each job, so that a new password is used at once. */
export function serverSource(engine: Engine, settings: ServerSettings): Source {
  return {
    type: engine.type,
    dump: async (context) => engine.dump(await connectionOf(settings), context),
    restore: async (request, input, context) => engine.restore(await connectionOf(settings), request, input, context),
    cleanUpRestore: async (restoreId, context) =>
      engine.cleanUpRestore(await connectionOf(settings), restoreId, context),
  };
}

async function connectionOf({
  host,
  port,
  user,
  database,
  passwordFile,
  caFile,
  sslmode,
}: ServerSettings): Promise<Connection> {
  const password = passwordFile === undefined ? null : new Secret((await read(passwordFile)).replace(/\r?\n$/, ''));
  const ca = caFile === undefined ? undefined : await read(caFile);
  return { host, port, user, database, password, options: { sslmode, ca } };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new HoldfastError('configuration', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
