import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { codeOf, defaultsOf, dropCode, hasCode, tablesOf } from './catalog.ts';
import type { Client } from './clients.ts';
import { scriptOf, withoutEvents } from './code.ts';
import type { MysqlContext } from './context.ts';
import type { Defaults } from './archive.ts';
import { failure } from './failures.ts';
import { mark, unmark, writeJournal, writePointer, type FoundJournal, type Journal } from './journal.ts';
import { beforeTable, inSchema, journalTable, quoteName } from './names.ts';
import { runText } from './run.ts';
import type { Session } from './session.ts';

/** What a swap works with. */
export interface SwapTools {
  session: Session;
  client: Client;
  connection: Connection;
  context: MysqlContext;
}

/** Which tables go where. */
export interface Swap {
  /** The schema that the incoming tables are in; the journal begins here. */
  from: string;
  /** Where the target's own tables go; null for a new database. */
  aside: string | null;
  /** Through which they go there, where `aside` is where the incoming ones come from. */
  via: string | null;
  journal: Journal;
}

const setDefaults = (database: string, { charset, collation }: Defaults): string =>
  `ALTER DATABASE ${quoteName(database)} CHARACTER SET ${charset} COLLATE ${collation}`;

export const createSchema = (database: string, { charset, collation }: Defaults): string =>
  `CREATE DATABASE ${quoteName(database)} CHARACTER SET ${charset} COLLATE ${collation}`;

/** The schema in which the journal is once the tables are moved. */
const journalAfter = ({ aside, journal }: Swap): string => aside ?? journal.target;

/**
 * Writes down what is going to be done and moves all tables in one statement, which is done as a whole or not at all.
 * Triggers keep tables from being moved, and views of the same names are in the way: these are dropped before, and made again
 * by `rollBack` when the statement was not executed.
 * @param begin called right before that statement: from then on the swap is not to be given up
 */
export async function moveTables({ session, connection }: SwapTools, swap: Swap, begin: () => void): Promise<void> {
  const { from, aside, via, journal } = swap;
  const { target, isNew, incoming } = journal;
  const home = via ?? from;
  await writePointer(session, home, journalAfter(swap));
  await writeJournal(session, home, journal);
  const former = await defaultsOf(session, target);
  if (isNew && former) throw targetExists(connection, target);
  if (!former) await makeTarget(session, target, incoming.defaults, home);
  const arriving = await tablesOf(session, from);
  const leaving = aside === null ? [] : await tablesOf(session, target);
  await clearTheWay(session, target, arriving);
  const moves = swapMoves(swap, leaving, arriving);
  begin();
  await session.query(`RENAME TABLE ${moves.map(([old, fresh]) => `${old} TO ${fresh}`).join(', ')}`);
}

/** Marks it before, so that what a killed one leaves is known for its own. */
async function makeTarget(session: Session, target: string, defaults: Defaults, journal: string): Promise<void> {
  await mark(session, journal, 'making');
  try {
    await session.query(createSchema(target, defaults));
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'restore_target_exists')
      await unmark(session, journal, 'making');
    throw error;
  }
}

function swapMoves(
  { from, aside, via, journal: { target } }: Swap,
  leaving: readonly string[],
  arriving: readonly string[],
): [string, string][] {
  const first = via ?? aside ?? target;
  return [
    ...leaving.map((name): [string, string] => [inSchema(target, name), inSchema(first, name)]),
    ...(via === null ? [] : [[inSchema(from, journalTable), inSchema(via, beforeTable)] as [string, string]]),
    ...arriving.map((name): [string, string] => [inSchema(from, name), inSchema(target, name)]),
    ...(via === null || aside === null
      ? []
      : leaving.map((name): [string, string] => [inSchema(via, name), inSchema(aside, name)])),
    [inSchema(via ?? from, journalTable), inSchema(aside ?? target, journalTable)],
  ];
}

async function clearTheWay(session: Session, target: string, arriving: readonly string[]): Promise<void> {
  const { triggers, views } = await codeOf(session, target);
  const taken = new Set(arriving);
  for (const name of triggers) await session.query(`DROP TRIGGER ${inSchema(target, name)}`);
  for (const name of views) if (taken.has(name)) await session.query(`DROP VIEW ${inSchema(target, name)}`);
}

/** Makes again what was dropped of a database whose tables were not moved. */
export async function rollBack(tools: SwapTools, { target, outgoing, marks }: FoundJournal): Promise<void> {
  const { session } = tools;
  const present = await codeOf(session, target);
  if (marks.making) {
    const isEmpty = (await tablesOf(session, target)).length === 0 && !hasCode(present);
    if (isEmpty) await session.query(`DROP DATABASE IF EXISTS ${quoteName(target)}`);
  } else if (outgoing !== null && JSON.stringify(present) !== JSON.stringify(outgoing.names)) {
    await dropCode(session, target);
    await makeCode(tools, target, scriptOf(outgoing.code));
  }
}

/** Gives a database whose tables were moved what else belongs to it. May be repeated. */
export async function finish(tools: SwapTools, schema: string, { target, isNew, incoming }: Journal): Promise<void> {
  const { session } = tools;
  await session.query(setDefaults(target, incoming.defaults));
  await dropCode(session, target);
  await makeCode(tools, target, scriptOf(isNew ? withoutEvents(incoming.code) : incoming.code));
  await mark(session, schema, 'finished');
}

/**
 * Makes the rest after the tables were moved.
 * @throws HoldfastError with a code that says that nobody knows what the target holds: the next attempt completes it
 */
export async function complete(tools: SwapTools, swap: Swap): Promise<void> {
  try {
    await finish(tools, journalAfter(swap), swap.journal);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new HoldfastError(
      'internal',
      `The tables of "${swap.journal.target}" were put in place, but its views, triggers, routines and events could not all be made yet; the next attempt, or the sweep, completes it. ${why}`,
      { cause: error },
    );
  }
}

async function makeCode({ client, connection, context }: SwapTools, database: string, script: string): Promise<void> {
  if (script !== '') await runText(client, connection, database, script, context);
}

export const targetExists = (connection: Connection, name: string): ReturnType<typeof failure> =>
  failure('restore_target_exists', `"${name}" exists`, connection);
