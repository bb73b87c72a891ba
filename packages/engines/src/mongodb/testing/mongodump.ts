import { once } from 'node:events';
import { BSON } from 'mongodb';
import { Crc64 } from '../archive/crc64.ts';
import { block, end, prelude } from './archive-writer.ts';
import { clientOf, options } from './options.ts';

const blockBytes = 200_000;

/** Does what mongodump does, as far as our tests need it: the archive of one database on the standard output. */
export async function mongodump(args: readonly string[]): Promise<void> {
  const asked = options(args);
  const client = clientOf(asked);
  const db = client.db(asked.get('db') ?? '');
  const prefix = asked.get('excludeCollectionsWithPrefix');
  const write = async (bytes: Buffer): Promise<void> => {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  };
  const listed = (await db.listCollections({}, { nameOnly: false }).toArray()).filter(
    ({ name }) => prefix === undefined || !name.startsWith(prefix),
  );
  const announced = [];
  for (const { name, type = 'collection', options: collectionOptions } of listed) {
    const indexes = type === 'view' ? [] : await db.collection(name).listIndexes().toArray();
    const metadata = BSON.EJSON.stringify(
      { options: collectionOptions, indexes, collectionName: name, type },
      { relaxed: false },
    );
    announced.push({ database: db.databaseName, collection: name, type, metadata });
  }
  await write(prelude(announced));
  for (const { collection, type } of announced) {
    if (type === 'view') continue;
    const crc = new Crc64();
    let documents: Buffer[] = [];
    let bytes = 0;
    for await (const found of db.collection(collection).find({}, { raw: true })) {
      const document = Buffer.from(found as unknown as Buffer);
      crc.add(document);
      documents.push(document);
      bytes += document.length;
      if (bytes < blockBytes) continue;
      await write(block(db.databaseName, collection, documents));
      [documents, bytes] = [[], 0];
    }
    await write(block(db.databaseName, collection, documents));
    await write(end(db.databaseName, collection, crc.value));
  }
  await client.close();
}
