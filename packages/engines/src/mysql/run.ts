import { Readable } from 'node:stream';
import type { Connection, HoldfastError } from '@holdfast/shared/domain';
import { feedProgram, startProgram, type ProgramEnd } from '../process/index.ts';
import type { Client } from './clients.ts';
import type { MysqlContext } from './context.ts';
import { failure, fromProgram } from './failures.ts';
import { programConnection } from './program.ts';

/**
 * Only SQL is taken, none of the program's own commands, which could run others; it stops at the first error, never goes on in
 * a new session with other settings, and hands out no files of this machine.
 */
const safely = [
  '--batch',
  '--comments',
  '--binary-mode',
  '--skip-reconnect',
  '--skip-local-infile',
  '--connect-timeout=10',
];

/** Lets the client program execute SQL in a database, to the end or to the first error. */
export async function runSql(
  client: Client,
  connection: Connection,
  database: string,
  input: Readable,
  { flavour, lockTimeoutMs, signal }: MysqlContext,
): Promise<void> {
  const { args, env, dispose } = await programConnection(flavour, connection);
  const settings = `SET SESSION wait_timeout = 31536000, net_read_timeout = 86400, lock_wait_timeout = ${Math.max(1, Math.ceil(lockTimeoutMs / 1000))}`;
  try {
    const program = startProgram({
      program: client.path,
      args: [...args, ...safely, `--init-command=${settings}`, `--database=${database}`],
      env,
      secrets: connection.password ? [connection.password] : [],
      signal,
      judge: (end) => judge(client.name, end, connection),
    });
    program.stdout.resume();
    await feedProgram(input, program);
  } finally {
    await dispose();
  }
}

/** The same for SQL that is here already. */
export const runText = (
  client: Client,
  connection: Connection,
  database: string,
  text: string,
  context: MysqlContext,
): Promise<void> => runSql(client, connection, database, Readable.from([Buffer.from(text)]), context);

function judge(
  name: string,
  { code, signal, startError, stderr }: ProgramEnd,
  connection: Connection,
): HoldfastError | null {
  if (code === 0) return null;
  if (startError)
    return failure('client_missing', `${name} did not start: ${startError.message}`, connection, startError);
  if (signal) return failure('restore_killed', `${name} was ended by ${signal}. ${stderr}`, connection);
  return fromProgram(stderr || `${name} exited with code ${code}`, connection, 'restore_failed');
}
