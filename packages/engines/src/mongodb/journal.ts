import type { Connection } from '@holdfast/shared/domain';
import { BSON, type Db, type ObjectId, type WriteConcernSettings } from 'mongodb';
import { failure } from './failures.ts';
import { besidePrefix, restoreNames } from './names.ts';

/** A view, as it can be made again. */
export interface ViewDefinition {
  name: string;
  options: Record<string, unknown>;
}

/** What one restore brought or found: the collections that can be renamed, and the views that are made anew. */
export interface ContentSet {
  collections: string[];
  views: ViewDefinition[];
}

export type Side = 'incoming' | 'former';

/**
 * How far a restore is: the one document in a collection beside the target's own. Renaming is not atomic over several
 * collections, so what is going on is written down before the first and after the last.
 */
export interface Journal {
  restoreId: string;
  isNew: boolean;
  keepFormer: boolean;
  /** `building`: the target is untouched; `swapping`: some collections may be exchanged; `settled`: all are. */
  state: 'building' | 'swapping' | 'settled';
  /** Whose content is in place, or is coming when it is being exchanged. */
  inPlace: Side;
  /** Who exchanges or has exchanged last: a restore or an undoing. */
  by: string;
  /** Who has undone and redone the restore, in order. */
  undoneBy: string[];
  incoming: ContentSet;
  former: ContentSet;
}

interface Stored {
  restoreId: string;
  /** Fences off an earlier attempt: each begins with a document of its own. */
  state: Journal['state'];
  /** The journal in extended JSON, because what views are made of has field names that no document may have. */
  journal: string;
}

/** A journal that was found, and where. */
export interface OpenJournal {
  db: Db;
  collection: string;
  /** Of the very attempt that began it. */
  id: ObjectId;
  journal: Journal;
}

const durable: WriteConcernSettings = { w: 'majority', j: true };
const journalName = new RegExp(`^${besidePrefix}[0-9a-f]{12}$`);

const stored = (journal: Journal): Stored => ({
  restoreId: journal.restoreId,
  state: journal.state,
  journal: BSON.EJSON.stringify(journal, { relaxed: false }),
});

export async function beginJournal(db: Db, journal: Journal): Promise<OpenJournal> {
  const collection = restoreNames(journal.restoreId).journal;
  const { insertedId } = await db.collection(collection).insertOne(stored(journal), { writeConcern: durable });
  return { db, collection, id: insertedId, journal };
}

/**
 * Writes down a further state, if nobody has begun anew or gone on meanwhile.
 * @throws HoldfastError restore_failed
 */
export async function advance(open: OpenJournal, next: Journal, connection: Connection): Promise<OpenJournal> {
  const { db, collection, id, journal } = open;
  const { matchedCount } = await db
    .collection(collection)
    .updateOne({ _id: id, state: journal.state }, { $set: stored(next) }, { writeConcern: durable });
  if (matchedCount === 0) throw failure('restore_failed', 'another attempt has taken it over', connection, undefined);
  return { ...open, journal: next };
}

/** All journals in a database. */
export async function journalsIn(db: Db): Promise<OpenJournal[]> {
  const listed = await db.listCollections({}, { nameOnly: true }).toArray();
  const found: OpenJournal[] = [];
  for (const { name } of listed.filter((one) => journalName.test(one.name))) {
    const document = await db.collection<Stored>(name).findOne();
    if (document) {
      found.push({ db, collection: name, id: document._id, journal: BSON.EJSON.parse(document.journal) as Journal });
    }
  }
  return found;
}

export async function journalOf(db: Db, restoreId: string): Promise<OpenJournal | null> {
  return (await journalsIn(db)).find(({ journal }) => journal.restoreId === restoreId) ?? null;
}

/** Removes what a restore has put beside a database's own collections, its journal last. */
export async function dropBeside(db: Db, restoreId: string): Promise<void> {
  const { journal } = restoreNames(restoreId);
  const listed = await db.listCollections({}, { nameOnly: true }).toArray();
  const names = listed.map(({ name }) => name).filter((name) => name.startsWith(`${journal}_`));
  for (const name of names) await db.dropCollection(name);
  if (listed.some(({ name }) => name === journal)) await db.dropCollection(journal);
}
