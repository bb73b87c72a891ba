import { BSON, type CreateCollectionOptions, type Db } from 'mongodb';
import { ArchiveReader } from '../archive/reader.ts';
import { clientOf, options } from './options.ts';

const batchBytes = 4_000_000;

/** Does what mongorestore does with an archive of one database whose collections are given a prefix. */
export async function mongorestore(args: readonly string[]): Promise<void> {
  const asked = options(args);
  const [database = '', ...rest] = (asked.get('nsTo') ?? '').split('.');
  const rename = (collection: string): string => rest.join('.').replace('$c$', () => collection);
  const client = clientOf(asked);
  await client.connect();
  const db = client.db(database);
  const came = new Map<string, Buffer[]>();
  const reader = new ArchiveReader((_database, collection) => {
    const documents: Buffer[] = [];
    came.set(collection, documents);
    return (document) => documents.push(Buffer.from(document));
  });
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) reader.add(chunk);
  const { announced } = reader.end();
  let restored = 0;
  for (const { collection, metadata } of announced) {
    const { options: made = {}, indexes = [] } = BSON.EJSON.parse(metadata) as {
      options?: CreateCollectionOptions;
      indexes?: { name: string }[];
    };
    await db.createCollection(rename(collection), made);
    const documents = came.get(collection) ?? [];
    await insertAll(db, rename(collection), documents);
    restored += documents.length;
    const further = indexes.filter(({ name }) => name !== '_id_');
    if (further.length > 0) await db.command({ createIndexes: rename(collection), indexes: further });
  }
  process.stderr.write(`${restored} document(s) restored successfully. 0 document(s) failed to restore.\n`);
  await client.close();
}

/** Each value as the type that it came as. */
async function insertAll(db: Db, name: string, documents: readonly Buffer[]): Promise<void> {
  let batch: BSON.Document[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    if (batch.length > 0) await db.command({ insert: name, documents: batch });
    [batch, bytes] = [[], 0];
  };
  for (const document of documents) {
    if (bytes + document.length > batchBytes) await send();
    batch.push(BSON.deserialize(document, { promoteValues: false, bsonRegExp: true }));
    bytes += document.length;
  }
  await send();
}
