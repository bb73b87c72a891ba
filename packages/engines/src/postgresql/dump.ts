import { archives, partOf, type Connection, type Dump, type DumpOptions } from '@holdfast/shared/domain';
import type { Clients } from './clients.ts';
import { contentOfDump } from './content/index.ts';
import type { PostgresContext } from './context.ts';
import { startDumpProgram } from './dump-program.ts';
import { failure } from './failures.ts';
import { survey } from './probe.ts';

/** Large objects are included, because the whole database is dumped. Compression is the pipeline's. */
const args = ['--format=custom', '--compress=0', '--no-password'];

/** Starts `pg_dump`, after a look at the server has shown that it can succeed. */
export async function dump(
  clients: Clients,
  connection: Connection,
  context: PostgresContext,
  { content: level, contentSeconds: seconds }: DumpOptions = { content: null, contentSeconds: 0 },
): Promise<Dump> {
  const { client, role, encoding, serverVersion, missingPrivileges, lost, part, contentBytes, tool } = await survey(
    clients,
    connection,
    context,
  );
  const asked = partOf(connection.options);
  if (missingPrivileges.length > 0) {
    throw failure('privilege_missing', missingPrivileges.join(' '), connection, undefined);
  }
  // pg_dump sets its session's lock_timeout to none, so it has to be told itself.
  const lockWait = `--lock-wait-timeout=${context.lockTimeoutMs}`;
  // What the database's owner can set otherwise for everybody: the role, which would not be the one that the look went by,
  // and an encoding that has no place for all there is.
  const own = [`--role=${role}`, `--encoding=${encoding}`];
  const measuring =
    level === null ? null : await contentOfDump(connection, { level, seconds, conditions: part.conditions }, context);
  const inSnapshot = measuring?.snapshot ? [`--snapshot=${measuring.snapshot}`] : [];
  const program = await startDumpProgram(
    client,
    [...args, lockWait, ...own, ...part.args, ...inSnapshot],
    connection,
    context,
  ).catch(async (error: unknown) => {
    await measuring?.close();
    throw error;
  });
  const content = measuring?.measureBeside(program);
  // Nobody need ask for it when the dump fails.
  content?.catch(() => undefined);
  return {
    stream: program.stream,
    ...archives.postgresql,
    tool,
    serverVersion,
    // Nobody knows what a part of it takes.
    estimatedBytes: asked === null ? contentBytes : null,
    ...(asked && { part: asked }),
    warnings: lost,
    ...(content && { content }),
  };
}
