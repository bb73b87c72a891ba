import type { Readable } from 'node:stream';
import type { Connection } from '@holdfast/shared/domain';
import { judgeDump, startProgram } from '../process/index.ts';
import type { Client } from './clients.ts';
import type { RedisContext } from './context.ts';
import { failure, fromProgram } from './failures.ts';
import { tlsOptions } from './tls.ts';
import { openTunnel } from './tunnel.ts';

/** Lets a client program ask the server for all that it holds, as a replica does. The output ends only after the program exited 0. */
export async function startDumpProgram(
  client: Client,
  connection: Connection,
  { signal }: Pick<RedisContext, 'signal'>,
): Promise<Readable> {
  const { host, port, user, password } = connection;
  const tls = tlsOptions(connection);
  const tunnel = tls === null ? null : await openTunnel(connection, tls);
  const place = tunnel === null ? ['-h', host, '-p', String(port)] : ['-s', tunnel.path];
  const isDefault = user === 'default' || user === '';
  const word = password?.reveal() ?? (isDefault ? null : '');
  const env = word === null ? {} : { REDISCLI_AUTH: word, VALKEYCLI_AUTH: word };
  try {
    const program = startProgram({
      program: client.path,
      args: [...place, ...(isDefault ? [] : ['--user', user]), '--no-auth-warning', '--rdb', '-'],
      env,
      secrets: password ? [password] : [],
      signal,
      judge: (end) => judgeDump(client.name, end, connection, { failure, fromProgram }),
    });
    program.stdin.end();
    void program.ended.then(() => tunnel?.close());
    return program.stdout;
  } catch (error) {
    await tunnel?.close();
    throw error;
  }
}
