import type { Engine } from '@holdfast/shared/domain';
import { cleanUpRestore } from './clean-up.ts';
import type { Clients } from './clients.ts';
import { dump, dumpFormat } from './dump.ts';
import { postgresqlGlobals } from './globals/index.ts';
import { survey } from './probe.ts';
import { restore } from './restore.ts';

/** PostgreSQL by its own `pg_dump`, `pg_restore` and `pg_dumpall`. */
export function postgresqlEngine(clients: Clients): Engine {
  return {
    type: 'postgresql',
    format: dumpFormat,
    globals: postgresqlGlobals(clients),
    probe: async (connection, context) => {
      const { serverVersion, sizeBytes, tables, missingPrivileges, tool } = await survey(clients, connection, context);
      return { serverVersion, sizeBytes, tables, missingPrivileges, tool };
    },
    dump: (connection, context) => dump(clients, connection, context),
    restore: (connection, request, input, context) => restore(clients, connection, request, input, context),
    cleanUpRestore,
  };
}
