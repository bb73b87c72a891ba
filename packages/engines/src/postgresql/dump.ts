import type { Connection, Dump } from '@holdfast/shared/domain';
import type { Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { startDumpProgram } from './dump-program.ts';
import { failure } from './failures.ts';
import { survey } from './probe.ts';

/** What `pg_dump --format=custom` writes. */
export const dumpFormat = 'pg_dump-custom';

/** Large objects are included, because the whole database is dumped. Compression is the pipeline's. */
const args = ['--format=custom', '--compress=0', '--no-password'];

/** Starts `pg_dump`, after a look at the server has shown that it can succeed. */
export async function dump(clients: Clients, connection: Connection, context: PostgresContext): Promise<Dump> {
  const { client, serverVersion, missingPrivileges, contentBytes, tool } = await survey(clients, connection, context);
  if (missingPrivileges.length > 0) {
    throw failure('privilege_missing', missingPrivileges.join(' '), connection, undefined);
  }
  // pg_dump sets its session's lock_timeout to none, so it has to be told itself.
  const lockWait = `--lock-wait-timeout=${context.lockTimeoutMs}`;
  return {
    stream: await startDumpProgram(client, [...args, lockWait], connection, context),
    fileName: 'dump.pgdump',
    format: dumpFormat,
    tool,
    serverVersion,
    estimatedBytes: contentBytes,
  };
}
