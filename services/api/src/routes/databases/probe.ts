import {
  connectionOf,
  type Database,
  type ProbeReport,
  type PublicError,
  type Registration,
  type StoreProbe,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { bytesView, errorView } from '../../presenters/values.ts';
import { withinSeconds } from '../../http/time-limit.ts';
import { failureOfProbe, probeSeconds, probeStore, type Probing } from '../probing.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedDatabase } from './owned.ts';

/** What a look at a server tells. */
export const lookView = z.strictObject({
  ok: z.boolean(),
  server_version: z.string().nullable(),
  size_bytes: bytesView.nullable(),
  tables: z.int().min(0).nullable(),
  missing_privileges: z.array(z.string()),
  warnings: z.array(z.string()).meta({ description: 'What a backup would not hold, or not as of one moment.' }),
  tool: z.strictObject({ name: z.string(), version: z.string() }).nullable(),
  error: errorView.nullable(),
});

const databaseTestView = lookView.extend({
  destination: z.strictObject({ ok: z.boolean(), problems: z.array(z.string()) }),
});

export const probe = route({
  method: 'POST',
  path: '/api/databases/:db/test',
  dialect,
  scope: 'databases:write',
  audit: { none: 'It only looks.' },
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
    const look = presentLook(server);
    const ok = server.error === null && (isRemote || look.ok) && destination.ok;
    return { database_test: { ...look, ok, destination } };
  },
});

export const presentLook = ({ report, error }: Probed): z.input<typeof lookView> => ({
  ok: report?.missingPrivileges.length === 0,
  server_version: report?.serverVersion ?? null,
  size_bytes: report?.sizeBytes ?? null,
  tables: report?.tables ?? null,
  missing_privileges: report?.missingPrivileges ?? [],
  warnings: report?.warnings ?? [],
  tool: report?.tool ?? null,
  error,
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

/** Connects, and changes nothing. */
export async function probeServer({ deps, log, signal }: Probing, database: Registration): Promise<Probed> {
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
