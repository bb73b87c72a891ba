import type { Readable } from 'node:stream';
import type { Connection, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { archiveMajor } from './archive-header.ts';
import { applyArchived } from './archived/apply.ts';
import { readArchivedDatabase, type ArchivedDatabase } from './archived/database.ts';
import { checkContent, type ContentReader } from './check-content.ts';
import { dropDatabase } from './clean-up.ts';
import type { Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { fill } from './fill.ts';
import { withMaintenance } from './maintenance.ts';
import { runInBuild, schemaStatements } from './part/schemas.ts';
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
    const schemas = await schemaStatements(request, selection?.entries, input);
    const { expected } = request;
    const chosen = selection?.entries.flatMap(({ tablespace }) => tablespace ?? []) ?? expected?.needs?.tablespaces;
    const database = await readArchivedDatabase(input, chosen === undefined);
    const seen = { writtenBy, database, tablespaces: chosen ?? database.tablespaces };
    const build = await prepare(clients, connection, request, seen, context);
    try {
      const built = { ...connection, database: build.names.build };
      await runInBuild(schemas, built, context, build.label);
      await fill(build, connection, request, selection, input, context);
      context.signal.throwIfAborted();
      if (expected) await checkContent(readContent, built, expected, selection?.tables ?? null, context);
      const whole = build.replaces ? build : await withArchived(build, connection, request, database, context);
      const report = await putInPlace(whole, connection, selection, context);
      return { ...report, outcome: [report.outcome, ...whole.differences].join(' ') };
    } catch (error) {
      await abandon(build, connection, context);
      throw error;
    }
  } catch (error) {
    input.destroy();
    throw context.signal.aborted ? context.signal.reason : error;
  }
}

/** Only now, because settings of the database would steer what fills it. */
async function withArchived(
  build: Build,
  connection: Connection,
  { ownership }: RestoreRequest,
  archived: ArchivedDatabase,
  context: PostgresContext,
): Promise<Build> {
  const { target, label, names, differences } = build;
  const leftOut = await withMaintenance(connection, { ...context, target, label }, ({ session }) =>
    applyArchived(session, names.build, archived, ownership),
  );
  return { ...build, differences: [...differences, ...leftOut] };
}

async function putInPlace(
  { clients, server, names, target, oid, label, isNew, comment, keptAs }: Build,
  connection: Connection,
  selection: Selection | null,
  context: PostgresContext,
): Promise<RestoreReport> {
  const { lockTimeoutMs } = context;
  const kept = keptAs === null ? null : { name: names.kept, comment: keptAs };
  const incoming = { name: names.build, oid };
  const former = await swap(connection, { target, incoming, aside: names.old, kept, label, isNew, comment }, context);
  const report = {
    tool: { name: clients.restore.name, version: clients.restore.version },
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
