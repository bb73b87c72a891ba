import {
  connectionOf,
  type Database,
  type ProbeReport,
  type PublicError,
  type StoreProbe,
} from '@holdfast/shared/domain';
import { route } from '../../http/route.ts';
import { withinSeconds } from '../../http/time-limit.ts';
import { failureOfProbe, probeSeconds, probeStore, type Probing } from '../probing.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedDatabase } from './owned.ts';

export const probe = route({
  method: 'POST',
  path: '/api/databases/:db/test',
  dialect,
  scope: 'databases:write',
  summary: 'Connects to the database and to its destination, and tells what a backup would lack.',
  answers: 200,
  handler: async (call) => {
    const database = await ownedDatabase(call, call.params.db);
    const [server, destination] = await Promise.all([probeServer(call, database), probeDestination(call, database)]);
    const { report, error } = server;
    return {
      database_test: {
        ok: report?.missingPrivileges.length === 0 && destination.ok,
        server_version: report?.serverVersion ?? null,
        size_bytes: report?.sizeBytes ?? null,
        tables: report?.tables ?? null,
        missing_privileges: report?.missingPrivileges ?? [],
        tool: report?.tool ?? null,
        error,
        destination,
      },
    };
  },
});

type Probed = { report: ProbeReport; error: null } | { report: null; error: PublicError };

async function probeServer({ deps, log, signal }: Probing, database: Database): Promise<Probed> {
  try {
    const connection = connectionOf(database);
    const engine = deps.engines.get(database.type);
    const report = await withinSeconds(probeSeconds, signal, (limited) =>
      engine.probe(connection, { signal: limited }),
    );
    return { report, error: null };
  } catch (error) {
    return { report: null, error: failureOfProbe(error, log) };
  }
}

async function probeDestination(probing: Probing, { destinationId }: Database): Promise<StoreProbe> {
  const destination = await probing.deps.persistence.destinations.find(destinationId);
  if (!destination) return { ok: false, problems: ['The destination of this database does not exist.'] };
  return probeStore(probing, destination);
}
