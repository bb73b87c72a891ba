import { pipeline, type Readable } from 'node:stream';
import { HoldfastError, type Connection, type RestoreReport, type RestoreRequest } from '@holdfast/shared/domain';
import { captureSurroundings } from './capture.ts';
import { dropCode } from './catalog.ts';
import { definersOf, liveEvents, scriptOf, unbound, withoutDefiners, withoutEvents } from './code.ts';
import type { MysqlContext } from './context.ts';
import type { Surroundings } from './journal.ts';
import { takeLock } from './lock.ts';
import { inSchema } from './names.ts';
import { prepare, type Build } from './prepare.ts';
import { runSql, runText } from './run.ts';
import { withSession, type Session } from './session.ts';
import { dropSchema, settle } from './settle.ts';
import { ArchiveSplitter } from './split.ts';
import { complete, createSchema, moveTables, type Swap, type SwapTools } from './swap.ts';

const cleanUpTimeoutMs = 60_000;

/**
 * Fills a schema beside the target with the tables, makes its views, triggers, routines and events there for a trial, and then
 * moves the tables to the target in one statement and makes the rest there.
 */
export async function restore(
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  context: MysqlContext,
): Promise<RestoreReport> {
  const { signal: outer } = context;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(outer.reason);
  // The input may fail while the schema is being prepared; whoever reads it next gets the error.
  input.on('error', () => undefined);
  const own = { sessionId: null as number | null };
  try {
    outer.throwIfAborted();
    outer.addEventListener('abort', onAbort, { once: true });
    const inner = { ...context, signal: stop.signal };
    /** From now on whoever asked must hear that it was done. */
    const begin = (): void => {
      outer.throwIfAborted();
      outer.removeEventListener('abort', onAbort);
    };
    return await withSession(connection, { ...inner, database: null, fallback: 'restore_failed' }, async (session) => {
      own.sessionId = session.id;
      return restoreWithin(session, connection, request, input, inner, begin);
    });
  } catch (error) {
    input.destroy();
    await abandon(own.sessionId, connection, request.restoreId, context);
    throw outer.aborted ? outer.reason : error;
  } finally {
    outer.removeEventListener('abort', onAbort);
  }
}

async function restoreWithin(
  session: Session,
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  context: MysqlContext,
  begin: () => void,
): Promise<RestoreReport> {
  refuseWhatCannotBe(request);
  const splitter = new ArchiveSplitter(context.flavour);
  pipeline(input, splitter, () => undefined);
  // What is no dump is refused before anything is touched.
  const defaults = await splitter.defaults;
  await takeLock(session, request.restoreId, connection, context);
  await settle(session, connection, request.restoreId, context);
  const build = await prepare(session, connection, request, context);
  await session.query(createSchema(build.names.build, defaults));
  await runSql(build.client, connection, build.names.build, splitter, context);
  const asDumped = unbound(splitter.code);
  const isStripped = request.ownership === 'skip' || connection.options.definers === 'strip';
  const incoming = { code: isStripped ? withoutDefiners(asDumped) : asDumped, defaults };
  const tools: SwapTools = { session, client: build.client, connection, context };
  await rehearse(tools, build, incoming);
  return putInPlace(tools, build, incoming, begin);
}

function refuseWhatCannotBe({ selection, expected }: RestoreRequest): void {
  if (selection)
    throw new HoldfastError('configuration', 'A part of this kind of backup cannot be restored: restore all of it.');
  if (expected)
    throw new HoldfastError('configuration', 'The content of this kind of database cannot be measured and compared.');
}

/**
 * What cannot be made is found out before the target is touched. Events do not run meanwhile. In place it is made without definers,
 * as those may have rights in the target and none in the schema; whether they can be named is tried apart.
 */
async function rehearse(
  { session, client, connection, context }: SwapTools,
  { names: { build: schema }, isNew }: Build,
  { code }: Surroundings,
): Promise<void> {
  const script = scriptOf(withoutEvents(isNew ? code : withoutDefiners(code)));
  if (script === '') return;
  const trial = inSchema(schema, 'holdfast_trial');
  for (const definer of definersOf(code)) {
    await session.query(`CREATE DEFINER=${definer} PROCEDURE ${trial} () SELECT 1`);
    await session.query(`DROP PROCEDURE ${trial}`);
  }
  await runText(client, connection, schema, script, context);
  await dropCode(session, schema);
}

async function putInPlace(
  tools: SwapTools,
  { names, target, isNew, keepFormer, restoreId, client }: Build,
  incoming: Surroundings,
  begin: () => void,
): Promise<RestoreReport> {
  const { session, connection, context } = tools;
  const outgoing = isNew ? null : await captureSurroundings(session, connection, target, context);
  const aside = isNew ? null : keepFormer && outgoing ? names.kept : names.old;
  if (aside !== null) await session.query(createSchema(aside, outgoing?.defaults ?? incoming.defaults));
  const journal = { restoreId, target, isNew, undoneBy: [], incoming, outgoing };
  const swap: Swap = { from: names.build, aside, via: null, journal };
  await moveTables(tools, swap, begin);
  await complete(tools, swap);
  const report = {
    tool: { name: client.name, version: client.version },
    serverVersion: session.server.version,
    database: target,
  };
  await dropSchema(session, names.build);
  if (isNew)
    return {
      ...report,
      outcome: `Database "${target}" was created with the content of the backup${sleeping(incoming)}.`,
    };
  const whole = `Database "${target}" holds the content of the backup`;
  if (aside === names.kept)
    return { ...report, former: aside, outcome: `${whole}; its former content is kept in database "${aside}".` };
  return { ...report, outcome: `${whole}; ${await dropped(session, names.old)}` };
}

const sleeping = ({ code }: Surroundings): string =>
  liveEvents(code) === 0 ? '' : '; its events are disabled, as those of the database it came from may be running';

async function dropped(session: Session, old: string): Promise<string> {
  try {
    await dropSchema(session, old);
    return 'its former content was dropped.';
  } catch {
    return `its former content could not be dropped yet and is in database "${old}".`;
  }
}

/** Removes what was built. What cannot be removed now (the server is away) is removed by `cleanUpRestore`. */
async function abandon(
  sessionId: number | null,
  connection: Connection,
  restoreId: string,
  context: MysqlContext,
): Promise<void> {
  if (sessionId === null) return;
  const own = { ...context, signal: AbortSignal.timeout(cleanUpTimeoutMs) };
  await withSession(connection, { ...own, database: null, fallback: 'restore_failed' }, async (session) => {
    await session.query(`KILL ${sessionId}`).catch(() => undefined);
    // Held by a later attempt of the same restore, what is there is its own.
    await takeLock(session, restoreId, connection, { lockTimeoutMs: 5000 });
    await settle(session, connection, restoreId, own);
  }).catch(() => undefined);
}
