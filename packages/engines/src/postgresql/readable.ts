import type { Readable } from 'node:stream';
import { HoldfastError, type EngineContext } from '@holdfast/shared/domain';
import { feedProgram, startProgram, type ProgramEnd } from '../process/index.ts';
import { archiveMajor } from './archive-header.ts';
import type { Clients } from './clients.ts';

/**
 * Lets `pg_restore` decode an archive to its end and throw the script away. Its table of contents alone (`--list`) says
 * nothing of an archive that was cut, as it stands in front.
 */
export async function checkReadable(clients: Clients, input: Readable, { signal }: EngineContext): Promise<void> {
  // The input may fail while a program is being chosen; whoever reads it next gets the error.
  input.on('error', () => undefined);
  try {
    const writtenBy = await archiveMajor(input);
    const client = await clients.choose('pg_restore', { server: null, archiveMajor: writtenBy }, signal);
    const program = startProgram({
      program: client.path,
      args: ['--exit-on-error', '--file=/dev/null'],
      env: {},
      secrets: [],
      signal,
      judge,
    });
    program.stdout.resume();
    await feedProgram(input, program);
  } catch (error) {
    input.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

function judge({ code, signal, startError, stderr }: ProgramEnd): HoldfastError | null {
  if (code === 0) return null;
  if (startError) return new HoldfastError('client_missing', `pg_restore did not start: ${startError.message}.`);
  if (signal) return new HoldfastError('restore_killed', `pg_restore was ended by ${signal}. ${stderr}`);
  const said = (stderr || `it exited with code ${code}`).replace(/\.$/, '');
  return new HoldfastError('integrity', `pg_restore cannot read the archive to its end: ${said}.`);
}
