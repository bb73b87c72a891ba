import { archives, HoldfastError, type Engine, type EngineContext } from '@holdfast/shared/domain';
import { listDatabases } from './catalog.ts';
import type { MysqlClients } from './clients.ts';
import type { MysqlContext } from './context.ts';
import { dump } from './dump.ts';
import type { Flavour } from './flavour.ts';
import { dropFormer, dropRestored, findRestored, undoRestore } from './former.ts';
import { preflight } from './preflight.ts';
import { survey } from './probe.ts';
import { checkReadable } from './readable.ts';
import { restore } from './restore.ts';
import { withSession } from './session.ts';
import { cleanUpRestore } from './settle.ts';

/** MySQL or MariaDB by its own dump and client programs. */
export function mysqlEngine(flavour: Flavour, clients: MysqlClients, lockTimeoutMs: number): Engine {
  const within = ({ signal }: EngineContext): MysqlContext => ({ signal, lockTimeoutMs, flavour, clients });
  return {
    type: flavour.type,
    format: archives[flavour.type].format,
    probe: async (connection, context) => {
      const found = await survey(connection, within(context));
      const { serverVersion, sizeBytes, tables, missingPrivileges, warnings, tool } = found;
      return { serverVersion, sizeBytes, tables, missingPrivileges, tool, ...(warnings.length > 0 && { warnings }) };
    },
    list: (connection, context) =>
      withSession(connection, { ...within(context), database: null, fallback: 'internal' }, listDatabases),
    dump: (connection, context) => dump(connection, within(context)),
    checkReadable: (input, context) => checkReadable(flavour, input, context),
    readContent: async () => {
      throw new HoldfastError('configuration', `The content of a ${flavour.product} database cannot be measured.`);
    },
    preflight: (connection, request, subject, context) => preflight(connection, request, subject, within(context)),
    restore: (connection, request, input, context) => restore(connection, request, input, within(context)),
    undoRestore: (connection, restoreId, undoId, context) =>
      undoRestore(connection, restoreId, undoId, within(context)),
    dropFormer: (connection, restoreId, context) => dropFormer(connection, restoreId, within(context)),
    dropRestored: (connection, request, context) => dropRestored(connection, request, within(context)),
    findRestored: (connection, request, context) => findRestored(connection, request, within(context)),
    cleanUpRestore: (connection, restoreId, context) => cleanUpRestore(connection, restoreId, within(context)),
  };
}
