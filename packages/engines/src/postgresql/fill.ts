import type { Readable } from 'node:stream';
import type { Connection, HoldfastError, RestoreRequest } from '@holdfast/shared/domain';
import { feedProgram, startProgram, type Program, type ProgramEnd } from '../process/index.ts';
import type { Client } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { failure, fromProgram } from './failures.ts';
import { fillByScript } from './fill-by-script.ts';
import { databaseArgument, libpqEnvironment } from './libpq.ts';
import type { Build } from './prepare.ts';
import { programList } from './program-list.ts';
import type { Selection } from './selection.ts';

/** Nothing of whoever runs the worker takes part, nobody is asked, and the first error ends it. */
const scriptArgs = ['--no-psqlrc', '--quiet', '--no-password', '--set=ON_ERROR_STOP=1', '--file=-'];

/** Lets `pg_restore` fill the database that was built, and stop at the first error. */
export async function fill(
  { clients, names, tablespaces, options }: Build,
  connection: Connection,
  { ownership }: RestoreRequest,
  selection: Selection | null,
  input: Readable,
  { signal }: PostgresContext,
): Promise<void> {
  const { env: libpq, dispose } = await libpqEnvironment(connection);
  const env = { ...libpq, PGOPTIONS: options };
  const list = await programList(selection?.entries ?? null);
  try {
    const start = ({ name, path }: Client, args: readonly string[]): Program =>
      startProgram({
        program: path,
        args,
        env,
        secrets: connection.password ? [connection.password] : [],
        signal,
        judge: (end) => judge(name, end, connection),
      });
    const database = `--dbname=${databaseArgument(names.build)}`;
    const owners = ownership === 'skip' ? ['--no-owner', '--no-privileges'] : [];
    const places = tablespaces ? [] : ['--no-tablespaces'];
    const args = ['--exit-on-error', ...owners, ...places, ...list.args];
    if (clients.script) {
      const runner = start(clients.script, [...scriptArgs, database]);
      runner.stdout.resume();
      return await fillByScript(input, start(clients.restore, [...args, '--file=-']), runner);
    }
    const program = start(clients.restore, [...args, '--no-password', database]);
    program.stdout.resume();
    await feedProgram(input, program);
  } finally {
    await dispose();
    await list.dispose();
  }
}

function judge(
  name: string,
  { code, signal, startError, stderr }: ProgramEnd,
  connection: Connection,
): HoldfastError | null {
  if (code === 0) return null;
  if (startError)
    return failure('client_missing', `${name} did not start: ${startError.message}`, connection, startError);
  if (signal) return failure('restore_killed', `${name} was ended by ${signal}. ${stderr}`, connection, undefined);
  return fromProgram(stderr || `${name} exited with code ${code}`, connection, 'restore_failed');
}
