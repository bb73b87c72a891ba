import type { EngineGlobals } from '@holdfast/shared/domain';
import type { Clients } from '../clients.ts';
import { usualLockTimeoutMs } from '../context.ts';
import { dumpGlobals, globalsFormat } from './dump.ts';
import { checkGlobals, preflightGlobals, restoreGlobals } from './restore.ts';

/** A PostgreSQL server's roles, by its own `pg_dumpall`. */
export function postgresqlGlobals(clients: Clients, lockTimeoutMs = usualLockTimeoutMs): EngineGlobals {
  return {
    format: globalsFormat,
    dump: (connection, { signal }) => dumpGlobals(clients, connection, { signal, lockTimeoutMs }),
    checkReadable: (input, { signal }) => checkGlobals(input, signal),
    restore: (connection, input, { signal }) => restoreGlobals(connection, input, { signal, lockTimeoutMs }),
    preflight: (connection, input, { signal }) => preflightGlobals(connection, input, { signal, lockTimeoutMs }),
  };
}
