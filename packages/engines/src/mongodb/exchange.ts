import type { Connection } from '@holdfast/shared/domain';
import { MongoServerError, type Db } from 'mongodb';
import {
  advance,
  journalOf,
  type ContentSet,
  type Journal,
  type OpenJournal,
  type Side,
  type ViewDefinition,
} from './journal.ts';
import { restoreNames } from './names.ts';

const namespaceExists = 48;
const namespaceNotFound = 26;

const other = (side: Side): Side => (side === 'incoming' ? 'former' : 'incoming');

/**
 * Puts one side's content in place of the other's. Each collection changes in one step, all of them not: when anything fails
 * midway, all are put back, here or by whoever finds the journal.
 * @param open a journal whose state says that nothing is being exchanged
 * @param next what it says in the end
 * @param stop asked before each step
 */
export async function exchange(
  open: OpenJournal,
  next: Journal,
  connection: Connection,
  stop: AbortSignal,
): Promise<OpenJournal> {
  stop.throwIfAborted();
  const swapping = await advance(open, { ...next, state: 'swapping' }, connection);
  try {
    await move(swapping, next.inPlace, stop);
    return await advance(swapping, { ...next, state: 'settled' }, connection);
  } catch (error) {
    // What cannot be put back now, because the server is away, is put back by `cleanUpRestore`.
    const after = await putBack(swapping, connection).catch(() => null);
    if (after?.journal.state === 'settled' && after.journal.by === next.by) return after;
    throw error;
  }
}

/** Takes back an exchange that was begun, unless it is settled after all. */
export async function putBack(swapping: OpenJournal, connection: Connection): Promise<OpenJournal> {
  const current = await journalOf(swapping.db, swapping.journal.restoreId);
  if (current?.journal.state !== 'swapping') return current ?? swapping;
  const { inPlace, undoneBy, restoreId } = current.journal;
  await move(current, other(inPlace), new AbortController().signal);
  const [undone, by] = [undoneBy.slice(0, -1), undoneBy.at(-2) ?? restoreId];
  const isUndo = undoneBy.length > 0;
  const before: Partial<Journal> = isUndo
    ? { state: 'settled', inPlace: other(inPlace), undoneBy: undone, by }
    : { state: 'building' };
  return advance(current, { ...current.journal, ...before }, connection);
}

/** Leads to the same from whatever a movement in either direction has left. */
async function move({ db, journal }: OpenJournal, coming: Side, stop: AbortSignal): Promise<void> {
  const going = journal[other(coming)];
  const names = restoreNames(journal.restoreId);
  const beside = { coming: names[coming], going: names[other(coming)] };
  const present = await collectionsOf(db);
  await dropViews(db, going.views, present);
  for (const name of going.collections) {
    stop.throwIfAborted();
    // What is beside already was moved before; what has the name now is what is coming, or nothing.
    if (present.has(beside.going + name)) continue;
    if (present.has(name)) await rename(db, name, beside.going + name);
  }
  for (const name of journal[coming].collections) {
    stop.throwIfAborted();
    if (present.has(beside.coming + name)) await rename(db, beside.coming + name, name);
  }
  stop.throwIfAborted();
  await makeViews(db, journal[coming], await collectionsOf(db));
}

/** A client may have made a collection of that name by writing to it, in the moment in which there was none. */
async function rename(db: Db, from: string, to: string): Promise<void> {
  try {
    await db.renameCollection(from, to);
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== namespaceExists) throw error;
    await db.renameCollection(from, to, { dropTarget: true });
  }
}

/** Names and types. */
const collectionsOf = async (db: Db): Promise<Map<string, string>> =>
  new Map((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name, type }) => [name, type ?? '']));

async function dropViews(
  db: Db,
  views: readonly ViewDefinition[],
  present: ReadonlyMap<string, string>,
): Promise<void> {
  for (const { name } of views) if (present.get(name) === 'view') await drop(db, name);
}

async function makeViews(db: Db, { views }: ContentSet, present: ReadonlyMap<string, string>): Promise<void> {
  for (const { name, options } of views) {
    if (!present.has(name)) await db.createCollection(name, options);
  }
}

async function drop(db: Db, name: string): Promise<void> {
  try {
    await db.dropCollection(name);
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== namespaceNotFound) throw error;
  }
}
