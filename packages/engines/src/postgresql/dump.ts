import type { Connection, Dump, DumpOptions } from '@holdfast/shared/domain';
import type { Clients } from './clients.ts';
import { contentOfDump } from './content/index.ts';
import type { PostgresContext } from './context.ts';
import { startDumpProgram } from './dump-program.ts';
import { failure } from './failures.ts';
import { survey } from './probe.ts';

/** What `pg_dump --format=custom` writes. */
export const dumpFormat = 'pg_dump-custom';

/** Large objects are included, because the whole database is dumped. Compression is the pipeline's. */
const args = ['--format=custom', '--compress=0', '--no-password'];

/** Starts `pg_dump`, after a look at the server has shown that it can succeed. */
export async function dump(
  clients: Clients,
  connection: Connection,
  context: PostgresContext,
  { content: level, contentSeconds: seconds }: DumpOptions = { content: null, contentSeconds: 0 },
): Promise<Dump> {
  const { client, serverVersion, missingPrivileges, contentBytes, tool } = await survey(clients, connection, context);
  if (missingPrivileges.length > 0) {
    throw failure('privilege_missing', missingPrivileges.join(' '), connection, undefined);
  }
  // pg_dump sets its session's lock_timeout to none, so it has to be told itself.
  const lockWait = `--lock-wait-timeout=${context.lockTimeoutMs}`;
  const measuring = level === null ? null : await contentOfDump(connection, { level, seconds }, context);
  const inSnapshot = measuring?.snapshot ? [`--snapshot=${measuring.snapshot}`] : [];
  const program = await startDumpProgram(client, [...args, lockWait, ...inSnapshot], connection, context).catch(
    async (error: unknown) => {
      await measuring?.close();
      throw error;
    },
  );
  const content = measuring?.measureBeside(program);
  // Nobody need ask for it when the dump fails.
  content?.catch(() => undefined);
  return {
    stream: program.stream,
    fileName: 'dump.pgdump',
    format: dumpFormat,
    tool,
    serverVersion,
    estimatedBytes: contentBytes,
    ...(content && { content }),
  };
}
