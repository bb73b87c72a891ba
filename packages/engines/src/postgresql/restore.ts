import type { Readable } from 'node:stream';
import type { Connection, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { archiveMajor } from './archive-header.ts';
import { checkContent, type ContentReader } from './check-content.ts';
import { dropDatabase } from './clean-up.ts';
import type { Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { fill } from './fill.ts';
import { withMaintenance } from './maintenance.ts';
import { prepare, type Build } from './prepare.ts';
import { readProperties } from './properties.ts';
import { partOf, selectionOf, type Selection } from './selection.ts';
import { swap } from './swap.ts';

const cleanUpTimeoutMs = 60_000;

/** What a restore works with. */
export interface RestoreTools {
  clients: Clients;
  readContent: ContentReader;
}

/** Restores into a new database beside the target, which takes the target's name when it is whole. */
export async function restore(
  { clients, readContent }: RestoreTools,
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  context: PostgresContext,
): Promise<RestoreReport> {
  // The input may fail while the database is being prepared; whoever reads it next gets the error.
  input.on('error', () => undefined);
  try {
    const writtenBy = await archiveMajor(input);
    const selection = await selectionOf(request, input);
    const build = await prepare(clients, connection, request, writtenBy, context);
    try {
      await fill(build, connection, request, selection, input, context);
      context.signal.throwIfAborted();
      const { expected } = request;
      const built = { ...connection, database: build.names.build };
      if (expected) await checkContent(readContent, built, expected, selection?.tables ?? null, context);
      return await putInPlace(build, connection, selection, context);
    } catch (error) {
      await abandon(build, connection, context);
      throw error;
    }
  } catch (error) {
    input.destroy();
    throw context.signal.aborted ? context.signal.reason : error;
  }
}

async function putInPlace(
  { client, server, names, target, oid, label, comment, keptAs }: Build,
  connection: Connection,
  selection: Selection | null,
  context: PostgresContext,
): Promise<RestoreReport> {
  const { lockTimeoutMs } = context;
  const kept = keptAs === null ? null : { name: names.kept, comment: keptAs };
  const incoming = { name: names.build, oid };
  const isNew = comment !== null;
  const former = await swap(connection, { target, incoming, aside: names.old, kept, label, isNew, comment }, context);
  const report = {
    tool: { name: client.name, version: client.version },
    serverVersion: server.version,
    database: target,
  };
  if (former === null) return { ...report, outcome: `Database "${target}" was created with ${partOf(selection)}` };
  const whole = `Database "${target}" holds the content of the backup`;
  if (kept !== null) {
    return {
      ...report,
      former: kept.name,
      outcome: `${whole}; its former content is kept in database "${kept.name}".`,
    };
  }
  const signal = AbortSignal.timeout(cleanUpTimeoutMs);
  try {
    await withMaintenance(connection, { target, signal, lockTimeoutMs }, (maintenance) =>
      dropDatabase(maintenance, former, names.old),
    );
    return { ...report, outcome: `${whole}; its former content was dropped.` };
  } catch {
    return {
      ...report,
      outcome: `${whole}; its former content could not be dropped yet and is in database "${names.old}".`,
    };
  }
}

/** Drops what was built. What cannot be dropped now (the server is away) is dropped by `cleanUpRestore`. */
async function abandon(
  { target, names, oid }: Build,
  connection: Connection,
  { lockTimeoutMs }: PostgresContext,
): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpTimeoutMs);
  await withMaintenance(connection, { target, signal, lockTimeoutMs }, async (maintenance) => {
    // A later attempt of the same restore may have put its own database there.
    const found = await readProperties(maintenance.session, names.build);
    if (found?.oid === oid) await dropDatabase(maintenance, oid, names.build);
  }).catch(() => undefined);
}
