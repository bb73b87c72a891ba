import type { Connection, Dump } from '@holdfast/shared/domain';
import type { Clients } from '../clients.ts';
import type { PostgresContext } from '../context.ts';
import { startDumpProgram } from '../dump-program.ts';
import { databaseArgument } from '../libpq.ts';
import { withSession } from '../session.ts';

/** What `pg_dumpall --roles-only` writes. */
export const globalsFormat = 'pg_dumpall-roles';

/**
 * The roles alone: tablespaces name folders of one machine. Without their passwords, whose hashes have no business in a
 * database's backup; without privileges on parameters and security labels, which `restore` would refuse.
 */
const args = [
  '--roles-only',
  '--no-role-passwords',
  '--no-privileges',
  '--no-security-labels',
  '--no-password',
  '--encoding=UTF8',
];

/** Whatever the server's settings, times are written so that every server reads them the same. */
const env = { PGDATESTYLE: 'ISO', PGTZ: 'UTC' };

/** Starts `pg_dumpall`, after a look at the server has shown that there is one for it. */
export async function dumpGlobals(clients: Clients, connection: Connection, context: PostgresContext): Promise<Dump> {
  const found = await withSession(connection, { ...context, fallback: 'dump_failed' }, async ({ server }) => ({
    server,
    client: await clients.choose('pg_dumpall', { server }, context.signal),
  }));
  const { client, server } = found;
  const database = `--database=${databaseArgument(connection.database)}`;
  const { stream } = await startDumpProgram(client, [...args, database], connection, context, env);
  return {
    stream,
    fileName: 'globals.sql',
    format: globalsFormat,
    tool: { name: client.name, version: client.version },
    serverVersion: server.version,
    estimatedBytes: null,
  };
}
