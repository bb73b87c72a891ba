import type { Connection, Dump, EngineContext, HoldfastError } from '@holdfast/shared/domain';
import { startProgram, type ProgramEnd } from '../process/index.ts';
import type { Clients } from './clients.ts';
import { failure, fromProgram } from './failures.ts';
import { libpqEnvironment } from './libpq.ts';
import { survey } from './probe.ts';

/** Large objects are included, because the whole database is dumped. Compression is the pipeline's. */
const args = ['--format=custom', '--compress=0', '--no-password', '--lock-wait-timeout=60000'];

/** Starts `pg_dump`, after a look at the server has shown that it can succeed. */
export async function dump(clients: Clients, connection: Connection, context: EngineContext): Promise<Dump> {
  const { client, serverVersion, missingPrivileges, contentBytes, tool } = await survey(clients, connection, context);
  if (missingPrivileges.length > 0) {
    throw failure('privilege_missing', missingPrivileges.join(' '), connection, undefined);
  }
  const { env, dispose } = await libpqEnvironment(connection);
  try {
    const program = startProgram({
      program: client.path,
      args,
      env,
      secrets: connection.password ? [connection.password] : [],
      signal: context.signal,
      judge: (end) => judge(end, connection),
    });
    program.stdin.end();
    void program.ended.then(dispose);
    const { stdout: stream } = program;
    return {
      stream,
      fileName: 'dump.pgdump',
      format: 'pg_dump-custom',
      tool,
      serverVersion,
      estimatedBytes: contentBytes,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function judge(
  { code, signal, startError, stderr, outputBytes }: ProgramEnd,
  connection: Connection,
): HoldfastError | null {
  if (startError)
    return failure('client_missing', `pg_dump did not start: ${startError.message}`, connection, startError);
  if (signal) return failure('dump_killed', `pg_dump was ended by ${signal}. ${stderr}`, connection, undefined);
  if (code !== 0) return fromProgram(stderr || `pg_dump exited with code ${code}`, connection, 'dump_failed');
  if (outputBytes === 0) return failure('dump_failed', 'pg_dump exited 0 but wrote nothing', connection, undefined);
  return null;
}
