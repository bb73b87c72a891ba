import { archives, type Connection, type Dump } from '@holdfast/shared/domain';
import { codeOf } from './catalog.ts';
import type { MysqlContext } from './context.ts';
import { startDump } from './dump-program.ts';
import { failure } from './failures.ts';
import { survey } from './probe.ts';
import { withSession } from './session.ts';

/** Starts the dump program, after a look at the server has shown that it can succeed. */
export async function dump(connection: Connection, context: MysqlContext): Promise<Dump> {
  const { client, defaults, serverVersion, missingPrivileges, contentBytes, warnings, tool } = await survey(
    connection,
    context,
  );
  if (missingPrivileges.length > 0) throw failure('privilege_missing', missingPrivileges.join(' '), connection);
  await refuseUnreadableEvents(connection, context);
  return {
    stream: await startDump(client, connection, defaults, context),
    ...archives[context.flavour.type],
    tool,
    serverVersion,
    estimatedBytes: contentBytes,
    ...(warnings.length > 0 && { warnings }),
  };
}

/** MariaDB's program would leave them out without a word where it does not fail. */
async function refuseUnreadableEvents(connection: Connection, context: MysqlContext): Promise<void> {
  const { database } = connection;
  const { eventlessNames, product } = context.flavour;
  if (!eventlessNames.test(database)) return;
  await withSession(connection, { ...context, database, fallback: 'dump_failed' }, async (session) => {
    const { events } = await codeOf(session, database);
    if (events.length > 0)
      throw failure(
        'configuration',
        `the dump program of ${product} cannot read the events of a database whose name holds a quote or a backslash: rename the database, or drop its ${events.length} events`,
        connection,
      );
  });
}
