import type { Readable } from 'node:stream';
import type { Connection, HoldfastError, RestoreRequest } from '@holdfast/shared/domain';
import { feedProgram, startProgram, type ProgramEnd } from '../process/index.ts';
import type { PostgresContext } from './context.ts';
import { failure, fromProgram } from './failures.ts';
import { databaseArgument, libpqEnvironment } from './libpq.ts';
import type { Build } from './prepare.ts';
import { programList } from './program-list.ts';
import type { Selection } from './selection.ts';

/** Lets `pg_restore` fill the database that was built, and stop at the first error. */
export async function fill(
  { client, names }: Build,
  connection: Connection,
  { ownership }: RestoreRequest,
  selection: Selection | null,
  input: Readable,
  { signal }: PostgresContext,
): Promise<void> {
  const { env, dispose } = await libpqEnvironment(connection);
  const list = await programList(selection?.entries ?? null);
  try {
    const program = startProgram({
      program: client.path,
      args: [
        '--exit-on-error',
        '--no-password',
        `--dbname=${databaseArgument(names.build)}`,
        ...(ownership === 'skip' ? ['--no-owner', '--no-privileges'] : []),
        ...list.args,
      ],
      env,
      secrets: connection.password ? [connection.password] : [],
      signal,
      judge: (end) => judge(end, connection),
    });
    program.stdout.resume();
    await feedProgram(input, program);
  } finally {
    await dispose();
    await list.dispose();
  }
}

function judge({ code, signal, startError, stderr }: ProgramEnd, connection: Connection): HoldfastError | null {
  if (code === 0) return null;
  if (startError)
    return failure('client_missing', `pg_restore did not start: ${startError.message}`, connection, startError);
  if (signal) return failure('restore_killed', `pg_restore was ended by ${signal}. ${stderr}`, connection, undefined);
  return fromProgram(stderr || `pg_restore exited with code ${code}`, connection, 'restore_failed');
}
