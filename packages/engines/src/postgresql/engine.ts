import type { Engine, EngineContext } from '@holdfast/shared/domain';
import { cleanUpRestore } from './clean-up.ts';
import type { Clients } from './clients.ts';
import { usualLockTimeoutMs, type PostgresContext } from './context.ts';
import { dump, dumpFormat } from './dump.ts';
import { findRestored } from './finished.ts';
import { postgresqlGlobals } from './globals/index.ts';
import { survey } from './probe.ts';
import { restore } from './restore.ts';

/** PostgreSQL by its own `pg_dump`, `pg_restore` and `pg_dumpall`. */
export function postgresqlEngine(clients: Clients, lockTimeoutMs = usualLockTimeoutMs): Engine {
  const within = ({ signal }: EngineContext): PostgresContext => ({ signal, lockTimeoutMs });
  return {
    type: 'postgresql',
    format: dumpFormat,
    globals: postgresqlGlobals(clients, lockTimeoutMs),
    probe: async (connection, context) => {
      const { serverVersion, sizeBytes, tables, missingPrivileges, tool } = await survey(
        clients,
        connection,
        within(context),
      );
      return { serverVersion, sizeBytes, tables, missingPrivileges, tool };
    },
    dump: (connection, context) => dump(clients, connection, within(context)),
    restore: (connection, request, input, context) => restore(clients, connection, request, input, within(context)),
    findRestored: (connection, request, context) => findRestored(connection, request, within(context)),
    cleanUpRestore: (connection, restoreId, context) => cleanUpRestore(connection, restoreId, within(context)),
  };
}
