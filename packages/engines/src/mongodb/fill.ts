import type { Readable } from 'node:stream';
import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { feedProgram, startProgram, type ProgramEnd } from '../process/index.ts';
import { checkArchive } from './archive/check.ts';
import { connectionArguments } from './arguments.ts';
import type { Client } from './clients.ts';
import { failure, fromProgram } from './failures.ts';

const notWhole = (fault: string): HoldfastError =>
  new HoldfastError('integrity', `The dump is no whole archive of mongodump: ${fault}.`);

/** Lets mongorestore bring an archive, which is read on the way, and stop at the first error. */
export async function fill(
  client: Client,
  connection: Connection,
  how: readonly string[],
  input: Readable,
  signal: AbortSignal,
): Promise<void> {
  const { args, dispose } = await connectionArguments(connection, signal);
  try {
    const program = startProgram({
      program: client.path,
      args: [...args, '--archive', '--stopOnError', ...how],
      env: { HOME: '/nonexistent' },
      secrets: connection.password ? [connection.password] : [],
      signal,
      judge: (end) => judge(end, connection),
    });
    program.stdout.resume();
    const { stream, whole } = checkArchive(input, notWhole);
    await feedProgram(stream, program);
    await whole;
  } finally {
    await dispose();
  }
}

function judge({ code, signal, startError, stderr }: ProgramEnd, connection: Connection): HoldfastError | null {
  if (startError) {
    return failure('client_missing', `mongorestore did not start: ${startError.message}`, connection, startError);
  }
  if (signal) return failure('restore_killed', `mongorestore was ended by ${signal}. ${stderr}`, connection, undefined);
  if (code !== 0) return fromProgram(stderr || `mongorestore exited with code ${code}`, connection, 'restore_failed');
  const [, failed] = /(\d+) document\(s\) failed to restore/.exec(stderr) ?? [];
  // It exits with 0 all the same when documents were refused one by one.
  if (failed !== '0') {
    const what =
      failed === undefined ? 'did not say how many documents it restored' : `could not restore ${failed} documents`;
    return failure('restore_failed', `mongorestore exited 0 but ${what}. ${stderr}`, connection, undefined);
  }
  return null;
}
