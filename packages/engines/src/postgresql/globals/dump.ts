import type { Connection, Dump } from '@holdfast/shared/domain';
import type { Clients } from '../clients.ts';
import type { PostgresContext } from '../context.ts';
import { startDumpProgram } from '../dump-program.ts';
import { failure } from '../failures.ts';
import { databaseArgument } from '../libpq.ts';
import { missingForGlobals } from '../privileges.ts';
import { withSession } from '../session.ts';

/** What `pg_dumpall --globals-only` writes; the name is of a time when that were the roles alone. */
export const globalsFormat = 'pg_dumpall-roles';

/** Without privileges on parameters and tablespaces, and without security labels, which `restore` would refuse. */
const args = ['--globals-only', '--no-privileges', '--no-security-labels', '--no-password', '--encoding=UTF8'];

/** Whatever the server's settings, times are written so that every server reads them the same. */
const env = { PGDATESTYLE: 'ISO', PGTZ: 'UTC' };

/**
 * Starts `pg_dumpall`, after a look at the server has shown that there is one for it. Hashes of passwords are left out unless they
 * are asked for: they have little business in a database's backup.
 */
export async function dumpGlobals(clients: Clients, connection: Connection, context: PostgresContext): Promise<Dump> {
  const found = await withSession(connection, { ...context, fallback: 'dump_failed' }, async (session) => ({
    server: session.server,
    client: await clients.choose('pg_dumpall', { server: session.server }, context.signal),
    missing: await missingForGlobals(session, connection),
  }));
  const { client, server, missing } = found;
  if (missing.length > 0) throw failure('privilege_missing', missing.join(' '), connection, undefined);
  const passwords = connection.options.globals_passwords ? [] : ['--no-role-passwords'];
  const database = `--database=${databaseArgument(connection.database)}`;
  const { stream } = await startDumpProgram(client, [...args, ...passwords, database], connection, context, env);
  return {
    stream,
    fileName: 'globals.sql',
    format: globalsFormat,
    tool: { name: client.name, version: client.version },
    serverVersion: server.version,
    estimatedBytes: null,
  };
}
