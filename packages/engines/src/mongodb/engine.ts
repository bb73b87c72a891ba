import { archives, type Engine } from '@holdfast/shared/domain';
import { cleanUpRestore } from './clean-up.ts';
import type { MongodbClients } from './clients.ts';
import { readServer } from './content/of-server.ts';
import { dump } from './dump.ts';
import { dropRestored, findRestored } from './finished.ts';
import { dropFormer, undoRestore } from './former.ts';
import { preflight } from './preflight.ts';
import { list, survey } from './probe.ts';
import { checkReadable } from './readable.ts';
import { restore } from './restore.ts';
import { withSession } from './session.ts';

/** MongoDB by its own mongodump and mongorestore. */
export function mongodbEngine(clients: MongodbClients): Engine {
  return {
    type: 'mongodb',
    format: archives.mongodb.format,
    probe: async (connection, context) => {
      const { serverVersion, sizeBytes, tables, missingPrivileges, warnings, tool } = await survey(
        clients,
        connection,
        context,
      );
      return { serverVersion, sizeBytes, tables, missingPrivileges, warnings, tool };
    },
    list,
    dump: (connection, context, options) => dump(clients, connection, context, options),
    checkReadable,
    readContent: (connection, like, { signal }) =>
      withSession(connection, { signal, fallback: 'dump_failed' }, ({ db, server }) =>
        readServer(db, server.version, like, signal),
      ),
    preflight: (connection, request, subject, context) => preflight(clients, connection, request, subject, context),
    restore: (connection, request, input, context) => restore(clients, connection, request, input, context),
    undoRestore,
    dropFormer,
    dropRestored,
    findRestored,
    cleanUpRestore,
  };
}
