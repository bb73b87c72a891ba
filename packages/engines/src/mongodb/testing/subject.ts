import { hash } from 'node:crypto';
import type { Connection } from '@holdfast/shared/domain';
import { fakePrograms, type EngineSubject, type SubjectContent } from '@holdfast/testing/engines';
import { BSON, MongoClient, type Db } from 'mongodb';
import { runningPrograms } from '../../process/index.ts';
import { MongodbClients } from '../clients.ts';
import { mongodbEngine } from '../engine.ts';
import { fillOdd, fillSample } from './sample.ts';

/** A server that tests may fill. */
interface MongodbServer {
  connection: Connection;
  stop(): Promise<void>;
}

export interface MongodbSubjectOptions {
  server: MongodbServer;
  /** Starts one of its own. */
  start: () => Promise<MongodbServer>;
  /** Where its client programs are. */
  programs: string;
  /** What the odd database is called. */
  oddName?: string;
  fillOdd?: (db: Db) => Promise<void>;
  /** Fills what is dumped while its server stops: more than the programs hold by themselves. */
  fillLarge?: (db: Db) => Promise<void>;
}

let made = 0;

/** Does something in a database, with a client of its own. */
export async function within<T>(connection: Connection, work: (db: Db) => Promise<T>): Promise<T> {
  const { host, port, user, password, database } = connection;
  const client = new MongoClient(`mongodb://${host}:${port}/`, {
    directConnection: true,
    ...(password && { auth: { username: user, password: password.reveal() }, authSource: 'admin' }),
  });
  try {
    return await work(client.db(database));
  } finally {
    await client.close(true);
  }
}

/** Everything that a database holds, one line for each collection and view. */
export const contentOf = (connection: Connection, database = connection.database): Promise<string[]> =>
  within({ ...connection, database }, async (db) => {
    const lines: string[] = [];
    for (const { name, type, options } of await db.listCollections({}, { nameOnly: false }).toArray()) {
      if (name.startsWith('__holdfast_')) continue;
      const collection = db.collection(name);
      const documents: string[] = [];
      const indexes = type === 'view' ? [] : await collection.listIndexes().toArray();
      if (type !== 'view') {
        for await (const document of collection.find({}, { raw: true })) {
          documents.push(hash('sha256', document as unknown as Buffer));
        }
      }
      const digest = hash('sha256', documents.sort().join());
      const definition = BSON.EJSON.stringify({
        type,
        options,
        indexes: indexes.map(({ name: of, key }) => [of, key]),
      });
      lines.push(`${name}: ${documents.length} documents, ${digest}, ${definition}`);
    }
    return lines.sort();
  });

/** What the engine is put to its rules with. */
export async function mongodbSubject(options: MongodbSubjectOptions): Promise<EngineSubject> {
  const { server, start, programs, oddName = "Odd-db_ü'x" } = options;
  const engine = mongodbEngine(new MongodbClients([programs]));
  const fill = async (connection: Connection, content: SubjectContent): Promise<void> =>
    within(connection, async (db) => {
      await db.dropDatabase();
      // There is no database without a collection.
      if (content === 'empty') await db.createCollection('nothing');
      if (content === 'sample') await fillSample(db);
      if (content === 'odd') await (options.fillOdd ?? fillOdd)(db);
      // As large as a document can be.
      if (content === 'huge') await db.collection('huge').insertOne({ text: 'x'.repeat(16_700_000) });
    });
  return {
    engine,
    database: async (content) => {
      made += 1;
      const database = content === 'odd' ? oddName : `engine_${process.pid}_${made}`;
      const connection = { ...server.connection, database };
      await fill(connection, content);
      return connection;
    },
    content: contentOf,
    change: (connection) =>
      within(connection, async (db) => {
        await db.collection('added').insertOne({ n: 1 });
        await db.collection('orders').insertOne({ n: 1 });
      }),
    stayConnected: async ({ host, port, user, password }) => {
      const auth = password && { auth: { username: user, password: password.reveal() } };
      const client = new MongoClient(`mongodb://${host}:${port}/`, { directConnection: true, ...auth });
      await client.db('admin').command({ ping: 1 });
      return { close: () => client.close(true) };
    },
    names: (connection) =>
      within(connection, async (db) => {
        const { databases } = await db.admin().listDatabases({ nameOnly: true });
        return databases.map(({ name }) => name).sort();
      }),
    newName: ({ database }, purpose) => `${database.slice(0, 30)}_${purpose.replaceAll(' ', '_')}`,
    runningPrograms,
    fakeDump: (source) => {
      const answer = `if (process.argv[2] === '--version') { console.log('mongodump version: 100.99.0'); process.exit(0); }`;
      return mongodbEngine(new MongodbClients([fakePrograms({ mongodump: `${answer}\n${source}` })]));
    },
    ownServer: async () => {
      const own = await start();
      const connection = { ...own.connection, database: 'shop' };
      await within(connection, options.fillLarge ?? fillSample);
      return { connection, stop: own.stop };
    },
    tooOld: async () => {
      const old = fakePrograms({ mongodump: `console.log('mongodump version: r3.6.23')` });
      const connection = { ...server.connection, database: `engine_${process.pid}_old` };
      await fill(connection, 'empty');
      return { engine: mongodbEngine(new MongodbClients([old])), connection, code: 'client_too_old' };
    },
  };
}
