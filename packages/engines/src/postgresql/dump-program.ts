import type { Readable } from 'node:stream';
import type { Connection, EngineContext } from '@holdfast/shared/domain';
import { judgeDump, startProgram } from '../process/index.ts';
import type { Client } from './clients.ts';
import { failure, fromProgram } from './failures.ts';
import { libpqEnvironment } from './libpq.ts';

/** A program on its way. */
export interface DumpProgram {
  /** Its output, which ends only after the program exited 0 and wrote something. */
  stream: Readable;
  /** Resolves with the first byte: by then `pg_dump` has read the catalogs and holds all its locks. */
  begun: Promise<void>;
  /** Resolves with what was wrong with its end, null when nothing was. */
  ended: Promise<unknown>;
}

/**
 * Starts a program that writes a dump to its standard output.
 * @param env beside what says how to connect
 */
export async function startDumpProgram(
  client: Client,
  args: readonly string[],
  connection: Connection,
  { signal }: EngineContext,
  env: Readonly<Record<string, string>> = {},
): Promise<DumpProgram> {
  const libpq = await libpqEnvironment(connection);
  try {
    const program = startProgram({
      program: client.path,
      args,
      env: { ...libpq.env, ...env },
      secrets: connection.password ? [connection.password] : [],
      signal,
      judge: (end) => judgeDump(client.name, end, connection, { failure, fromProgram }),
    });
    program.stdin.end();
    void program.ended.then(libpq.dispose);
    return { stream: program.stdout, begun: program.begun, ended: program.ended.then(({ error }) => error) };
  } catch (error) {
    await libpq.dispose();
    throw error;
  }
}
