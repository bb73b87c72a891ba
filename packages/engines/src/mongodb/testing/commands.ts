import { BSON } from 'mongodb';
import { withRawArray, withRawDocument } from './bson.ts';
import { matches, Refusal, type MemoryStore } from './store.ts';

/** What a command is answered with: a document, or the bytes of one. */
type Answer = BSON.Document | Uint8Array;
type Handler = (store: MemoryStore, command: BSON.Document, database: string, cursors: Cursors) => Answer;

/** What is left of answers that did not fit into one message. */
export type Cursors = Map<bigint, { namespace: string; rest: Buffer[] }>;

const serverVersion = '7.0.0';
const batchBytes = 1_000_000;

const hello: Handler = () => ({
  helloOk: true,
  ismaster: true,
  isWritablePrimary: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 21,
  saslSupportedMechs: ['SCRAM-SHA-256'],
});
const nothing: Handler = () => ({});

/** The commands that drivers and client programs send, each as far as they need it. */
export const handlers: Readonly<Record<string, Handler>> = {
  hello,
  isMaster: hello,
  ismaster: hello,
  ping: nothing,
  endSessions: nothing,
  killCursors: nothing,
  buildInfo: () => ({ version: serverVersion }),
  connectionStatus: nothing,
  listDatabases: (store) => ({
    databases: ['admin', ...store.names()].map((name) => ({ name, sizeOnDisk: 20_000, empty: false })),
  }),
  dbStats: (store, _command, database) => {
    const documents = [...store.collections(database).values()].flatMap((one) => one.documents);
    const dataSize = documents.reduce((sum, { length }) => sum + length, 0);
    return { dataSize, storageSize: dataSize, totalSize: dataSize + 10_000 };
  },
  listCollections: (store, _command, database) => {
    const listed = [...store.collections(database)].map(([name, { type, options }]) => ({ name, type, options }));
    return all(`${database}.$cmd.listCollections`, listed);
  },
  listIndexes: (store, { listIndexes }, database) => {
    const name = String(listIndexes);
    const found = store.collections(database).get(name);
    if (!found) throw new Refusal(26, 'NamespaceNotFound', 'ns does not exist');
    return all(`${database}.${name}`, found.indexes);
  },
  find: (store, { find, filter = {}, limit = 0 }, database, cursors) => {
    const name = String(find);
    const documents = store.collections(database).get(name)?.documents ?? [];
    const isAll = Object.keys(filter as object).length === 0;
    const found = isAll ? documents : documents.filter((one) => matches(one, filter as BSON.Document));
    return batch(
      `${database}.${name}`,
      Number(limit) === 0 ? found : found.slice(0, Number(limit)),
      'firstBatch',
      cursors,
    );
  },
  getMore: (_store, { getMore }, _database, cursors) => {
    const cursor = cursors.get(BigInt(String(getMore)));
    if (!cursor) throw new Refusal(43, 'CursorNotFound', 'cursor not found');
    cursors.delete(BigInt(String(getMore)));
    return batch(cursor.namespace, cursor.rest, 'nextBatch', cursors);
  },
  aggregate: (store, { aggregate, pipeline }, database) => {
    const name = String(aggregate);
    const [match] = pipeline as [{ $match?: BSON.Document }];
    const documents = store.collections(database).get(name)?.documents ?? [];
    const n = documents.filter((one) => matches(one, match.$match ?? {})).length;
    return all(`${database}.${name}`, n === 0 ? [] : [{ _id: 1, n }]);
  },
  insert: (store, { insert, documents }, database) => {
    const came = (documents as Uint8Array[]).map((document) => Buffer.from(document));
    store.collection(database, String(insert)).documents.push(...came);
    return { n: came.length };
  },
  update: (store, { update, updates }, database) => {
    const { documents } = store.collection(database, String(update));
    let n = 0;
    for (const { q, u } of updates as { q: BSON.Document; u: { $set: BSON.Document } }[]) {
      const at = documents.findIndex((one) => matches(one, q));
      const found = documents[at];
      if (!found) continue;
      documents[at] = Buffer.from(BSON.serialize({ ...BSON.deserialize(found), ...u.$set }));
      n += 1;
    }
    return { n, nModified: n };
  },
  delete: (store, command, database) => {
    const collection = store.collection(database, String(command['delete']));
    const before = collection.documents.length;
    for (const { q } of command['deletes'] as { q: BSON.Document }[]) {
      collection.documents = collection.documents.filter((one) => !matches(one, q));
    }
    return { n: before - collection.documents.length };
  },
  create: (store, { create, ...options }, database) => {
    const kept = Object.entries(options).filter(([key]) => !/^(\$|lsid|writeConcern|txnNumber)/.test(key));
    store.create(database, String(create), Object.fromEntries(kept));
    return {};
  },
  createIndexes: (store, { createIndexes, indexes }, database) => {
    const made = (indexes as BSON.Document[]).map((index) => ({ v: 2, ...index }));
    store.collection(database, String(createIndexes)).indexes.push(...made);
    return {};
  },
  drop: (store, { drop }, database) => {
    store.drop(database, String(drop));
    return {};
  },
  dropDatabase: (store, _command, database) => {
    store.dropDatabase(database);
    return {};
  },
  renameCollection: (store, { renameCollection, to, dropTarget }) => {
    store.rename(String(renameCollection), String(to), dropTarget === true);
    return {};
  },
};

const all = (ns: string, documents: readonly BSON.Document[]): BSON.Document => ({
  cursor: { id: 0n, ns, firstBatch: documents },
});

let cursorsMade = 0n;

function batch(ns: string, documents: readonly Buffer[], field: string, cursors: Cursors): Uint8Array {
  let bytes = 0;
  const fitting = documents.findIndex((document, at) => (bytes += document.length) > batchBytes && at > 0);
  const count = fitting < 0 ? documents.length : fitting;
  const rest = documents.slice(count);
  if (rest.length > 0) cursors.set((cursorsMade += 1n), { namespace: ns, rest });
  const cursor = withRawArray({ id: rest.length > 0 ? cursorsMade : 0n, ns }, field, documents.slice(0, count));
  return withRawDocument('cursor', cursor, { ok: 1 });
}
