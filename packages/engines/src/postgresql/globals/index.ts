import type { EngineGlobals } from '@holdfast/shared/domain';
import type { Clients } from '../clients.ts';
import { dumpGlobals, globalsFormat } from './dump.ts';
import { restoreGlobals } from './restore.ts';

/** A PostgreSQL server's roles, by its own `pg_dumpall`. */
export function postgresqlGlobals(clients: Clients): EngineGlobals {
  return {
    format: globalsFormat,
    dump: (connection, context) => dumpGlobals(clients, connection, context),
    restore: restoreGlobals,
  };
}
