import {
  connectionOf,
  type Database,
  type ProbeReport,
  type PublicError,
  type StoreProbe,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { bytesView, errorView } from '../../presenters/values.ts';
import { withinSeconds } from '../../http/time-limit.ts';
import { failureOfProbe, probeSeconds, probeStore, type Probing } from '../probing.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedDatabase } from './owned.ts';

const databaseTestView = z.strictObject({
  ok: z.boolean(),
  server_version: z.string().nullable(),
  size_bytes: bytesView.nullable(),
  tables: z.int().min(0).nullable(),
  missing_privileges: z.array(z.string()),
  tool: z.strictObject({ name: z.string(), version: z.string() }).nullable(),
  error: errorView.nullable(),
  destination: z.strictObject({ ok: z.boolean(), problems: z.array(z.string()) }),
});

export const probe = route({
  method: 'POST',
  path: '/api/databases/:db/test',
  dialect,
  scope: 'databases:write',
  summary:
    'Connects to the database and to its destination, and tells what a backup would lack; of a remote server, whether it was seen lately.',
  answers: 200,
  response: z.strictObject({ database_test: databaseTestView }),
  handler: async (call) => {
    const database = await ownedDatabase(call, call.params.db);
    const isRemote = database.serverId !== null;
    const [server, destination] = await Promise.all([
      isRemote ? seenServer(call, database) : probeServer(call, database),
      probeDestination(call, database),
    ]);
    const { report, error } = server;
    return {
      database_test: {
        ok: error === null && (isRemote || report?.missingPrivileges.length === 0) && destination.ok,
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

type Probed = { report: ProbeReport; error: null } | { report: null; error: PublicError | null };

/** Agents ask for work every half minute, and a request is noted once a minute. */
const lateSeconds = 180;

/** All that can be known here of a database that only its remote server reaches: whether that server is there. */
async function seenServer({ deps }: Probing, { accountId, serverId }: Database): Promise<Probed> {
  const server = serverId === null ? null : await deps.persistence.servers.findOwned(accountId, serverId);
  const seenAt = server?.lastSeenAt ?? null;
  if (seenAt && deps.clock.now().getTime() - seenAt.getTime() < lateSeconds * 1000)
    return { report: null, error: null };
  const since = seenAt ? `was last seen at ${seenAt.toISOString()}` : 'has never been seen';
  const message = `The remote server "${server?.name ?? ''}" ${since}: start its agent.`;
  return { report: null, error: { code: 'host_unreachable', message } };
}

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
