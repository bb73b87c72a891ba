import { archives, type Engine, type EngineContext } from '@holdfast/shared/domain';
import { cleanUpRestore } from './clean-up.ts';
import type { Clients } from './clients.ts';
import { readContent } from './content/index.ts';
import { usualLockTimeoutMs, type PostgresContext } from './context.ts';
import { dump } from './dump.ts';
import { dropRestored, findRestored } from './finished.ts';
import { dropFormer, undoRestore } from './former.ts';
import { postgresqlGlobals } from './globals/index.ts';
import { list } from './list.ts';
import { preflight } from './preflight.ts';
import { survey } from './probe.ts';
import { checkReadable } from './readable.ts';
import { restore, type RestoreTools } from './restore.ts';

/** PostgreSQL by its own `pg_dump`, `pg_restore` and `pg_dumpall`. */
export function postgresqlEngine(clients: Clients, lockTimeoutMs = usualLockTimeoutMs): Engine {
  const within = ({ signal }: EngineContext): PostgresContext => ({ signal, lockTimeoutMs });
  const tools: RestoreTools = { clients, readContent };
  return {
    type: 'postgresql',
    format: archives.postgresql.format,
    globals: postgresqlGlobals(clients, lockTimeoutMs),
    probe: async (connection, context) => {
      const { serverVersion, sizeBytes, tables, missingPrivileges, warnings, tool } = await survey(
        clients,
        connection,
        within(context),
      );
      return { serverVersion, sizeBytes, tables, missingPrivileges, warnings, tool };
    },
    list: (connection, context) => list(connection, within(context)),
    dump: (connection, context, options) => dump(clients, connection, within(context), options),
    readContent: (connection, like, context) => readContent(connection, like, within(context)),
    checkReadable: (input, context) => checkReadable(clients, input, context),
    preflight: (connection, request, subject, context) =>
      preflight(clients, connection, request, subject, within(context)),
    restore: (connection, request, input, context) => restore(tools, connection, request, input, within(context)),
    undoRestore: (connection, restoreId, undoId, context) =>
      undoRestore(connection, restoreId, undoId, within(context)),
    dropFormer: (connection, restoreId, context) => dropFormer(connection, restoreId, within(context)),
    dropRestored: (connection, request, context) => dropRestored(connection, request, within(context)),
    findRestored: (connection, request, context) => findRestored(connection, request, within(context)),
    cleanUpRestore: (connection, restoreId, context) => cleanUpRestore(connection, restoreId, within(context)),
  };
}
