import { HoldfastError, type Connection, type RestoreReport, type RestoreRequest } from '@holdfast/shared/domain';
import { captureSurroundings } from './capture.ts';
import { defaultsOf } from './catalog.ts';
import type { MysqlContext } from './context.ts';
import { readJournal } from './journal.ts';
import { takeLock } from './lock.ts';
import { restoreNames } from './names.ts';
import { withSession, type SessionOptions } from './session.ts';
import { cleanUpRestore, dropSchema, findKept } from './settle.ts';
import { complete, createSchema, moveTables, type Swap, type SwapTools } from './swap.ts';

const options = (context: MysqlContext): SessionOptions => ({ ...context, database: null, fallback: 'restore_failed' });

/** Swaps the former content back, through a schema between: afterwards that is kept which the target held. */
export async function undoRestore(
  connection: Connection,
  restoreId: string,
  undoId: string,
  context: MysqlContext,
): Promise<string> {
  await cleanUpRestore(connection, undoId, context);
  try {
    return await withSession(connection, options(context), async (session) => {
      await takeLock(session, undoId, connection, context);
      const found = await findKept(session, restoreId);
      if (!found) throw new HoldfastError('former_missing');
      const { schema, journal } = found;
      const { target, undoneBy } = journal;
      const outcome = `Database "${target}" holds its former content again; what it held is kept in database "${schema}".`;
      if (undoneBy.includes(undoId)) return outcome;
      if (!journal.outgoing) throw new HoldfastError('former_missing');
      const client = await context.clients.choose(context.flavour, 'client', session.server, context.signal);
      const tools: SwapTools = { session, client, connection, context };
      const leaving = await captureSurroundings(session, connection, target, context);
      const via = restoreNames(target, undoId).build;
      const { names: _names, ...incoming } = journal.outgoing;
      await session.query(createSchema(via, incoming.defaults));
      const swap: Swap = {
        from: schema,
        aside: schema,
        via,
        journal: { ...journal, undoneBy: [...undoneBy, undoId], incoming, outgoing: leaving },
      };
      await moveTables(tools, swap, () => context.signal.throwIfAborted());
      await complete(tools, swap);
      await dropSchema(session, via);
      return outcome;
    });
  } catch (error) {
    const own = { ...context, signal: AbortSignal.timeout(60_000) };
    await cleanUpRestore(connection, undoId, own).catch(() => undefined);
    throw context.signal.aborted ? context.signal.reason : error;
  }
}

/** Drops what a restore in place, or its undoing, kept. */
export async function dropFormer(connection: Connection, restoreId: string, context: MysqlContext): Promise<void> {
  await withSession(connection, options(context), async (session) => {
    const found = await findKept(session, restoreId);
    if (found) await dropSchema(session, found.schema);
  });
}

/** Drops a database that this very restore has made as a new one: its journal is in it. */
export async function dropRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  context: MysqlContext,
): Promise<void> {
  if (target.mode === 'in_place') return;
  await withSession(connection, options(context), async (session) => {
    const journal = await readJournal(session, target.database);
    if (journal?.isNew && journal.restoreId === restoreId) await dropSchema(session, target.database);
  });
}

const unheard = 'by an earlier attempt that could not report it';

/** A restore in place that keeps nothing leaves no mark; done again it leads to the same. */
export async function findRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  context: MysqlContext,
): Promise<Pick<RestoreReport, 'outcome' | 'former'> | null> {
  return withSession(connection, options(context), async (session) => {
    if (target.mode === 'in_place') {
      const found = await findKept(session, restoreId);
      if (!found?.journal.marks.finished || found.journal.undoneBy.length > 0) return null;
      const { schema } = found;
      return {
        former: schema,
        outcome: `Database "${connection.database}" holds the content of the backup, ${unheard}; its former content is kept in database "${schema}".`,
      };
    }
    if (!(await defaultsOf(session, target.database))) return null;
    const journal = await readJournal(session, target.database);
    if (!journal?.isNew || journal.restoreId !== restoreId || !journal.marks.finished) return null;
    return { outcome: `Database "${target.database}" was created with the content of the backup, ${unheard}.` };
  });
}
