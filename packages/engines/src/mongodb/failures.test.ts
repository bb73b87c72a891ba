import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { compareContent, type Connection, type Engine, type RestoreRequest } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf } from '@holdfast/testing/engines';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { runningPrograms } from '../process/index.ts';
import { MongodbClients } from './clients.ts';
import { mongodbEngine } from './engine.ts';
import { restoreNames } from './names.ts';
import { testPrograms, testProgramsWith } from './testing/programs.ts';
import { startWireServer, type WireServer } from './testing/server.ts';
import { Refusal } from './testing/store.ts';
import { contentOf, within } from './testing/subject.ts';

const recorded = new URL('testing/recorded/shop.archive', import.meta.url);
const engineOf = (folder: string): Engine => mongodbEngine(new MongodbClients([folder]));

const inPlace = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
  target: { mode: 'in_place' },
  ownership: 'keep',
  restoreId: randomUUID(),
  ...change,
});

/** What an exchange needs once it was begun. */
const later: ReadonlySet<string> = new Set(['renameCollection', 'listCollections', 'find', 'update']);

describe('MongoDB', () => {
  let server: WireServer;
  let connection: Connection;
  let engine: Engine;
  let archive: Buffer;
  let whole: Buffer | undefined;

  before(async () => {
    server = await startWireServer();
    connection = server.connection;
    engine = engineOf(testPrograms());
  });

  beforeEach(async () => {
    server.before = () => undefined;
    await within(connection, async (db) => {
      await db.dropDatabase();
      await db.collection('orders').insertMany([{ n: 1 }, { n: 2 }]);
      await db.collection('customers').insertOne({ name: 'x' });
      await db.createCollection('rich', { viewOn: 'customers', pipeline: [{ $match: { total: { $gt: 1 } } }] });
    });
    whole ??= await dumpOf(engine, connection);
    archive = whole;
    await within(connection, async (db) => {
      await db.collection('orders').insertOne({ n: 3 });
      await db.collection('later').insertOne({ n: 1 });
      await db.dropCollection('rich');
      await db.createCollection('poor', { viewOn: 'orders', pipeline: [] });
    });
  });

  afterEach(() => until('no program runs', 10, () => runningPrograms().length === 0));

  const restore = (request: RestoreRequest, by: Engine = engine): ReturnType<Engine['restore']> =>
    by.restore(connection, request, Readable.from([archive]), calm());
  const collections = (): string[] => [...server.store.collections('shop').keys()].sort();

  describe('dump', () => {
    it('fails when mongodump exits 0 and its archive was cut', async () => {
      for (const bytes of [400, 4179]) {
        const cut = `process.stdout.write(require('fs').readFileSync(${JSON.stringify(recorded.pathname)}).subarray(0, ${bytes}))`;
        const { stream } = await engineOf(testProgramsWith('mongodump', cut)).dump(connection, calm());
        expect((await failureOf(buffer(stream), 'dump_failed')).message).to.contain('not whole');
      }
    });

    it('shows the password nowhere but in a file that only its owner reads, and removes it', async () => {
      const look = `const { readFileSync, statSync } = require('fs');
        const file = process.argv.find((arg) => arg.startsWith('--config=')).slice(9);
        console.error(JSON.stringify({ args: process.argv.slice(2), env: process.env, file, mode: statSync(file).mode & 0o777, holds: readFileSync(file, 'utf8').length }));
        process.exitCode = 1;`;
      const { stream } = await engineOf(testProgramsWith('mongodump', look)).dump(connection, calm());
      const password = connection.password?.reveal() ?? '';
      const { message } = await failureOf(buffer(stream), 'dump_failed', password);
      expect(message).to.contain('"mode":384').and.not.contain('[redacted]').and.not.contain('mongodb://');
      const file = /"file":"([^"]+)"/.exec(message)?.[1] ?? '';
      expect(file).to.contain('holdfast-mongodb-');
      await until('the file is gone', 15, () => !existsSync(file));
    });

    it('says that the dump of one database is not as of one moment, and measures its very bytes', async () => {
      const dump = await engine.dump(connection, calm(), { content: 'full', contentSeconds: 10 });
      await buffer(dump.stream);
      expect(dump.warnings?.join()).to.contain('not as of one moment');
      const content = (await dump.content) ?? expect.fail();
      expect(compareContent(content, await engine.readContent(connection, content, calm()))).to.deep.equal([]);
      await within(connection, (db) => db.collection('orders').updateOne({ n: 3 }, { $set: { n: 4 } }));
      const changed = compareContent(content, await engine.readContent(connection, content, calm()));
      expect(changed.map(({ name, what }) => `${name} ${what}`)).to.deep.equal(['orders content']);
    });

    it('refuses a router of a sharded cluster', async () => {
      server.hello = { msg: 'isdbgrid' };
      const refused = failureOf(engine.dump(connection, calm()), 'configuration');
      await refused.finally(() => (server.hello = {}));
    });

    it('asks for the oplog where a whole replica set is dumped, and nowhere else', async () => {
      const said = `console.error(process.argv.slice(2).join(' ')); process.exitCode = 1`;
      const asking = engineOf(testProgramsWith('mongodump', said));
      const argsOf = async (database: string): Promise<string> => {
        const { stream, warnings } = await asking.dump({ ...connection, database }, calm());
        const { message } = await failureOf(buffer(stream), 'dump_failed');
        return `${message} ${warnings?.join() ?? ''}`;
      };
      const alone = await argsOf('*');
      expect(alone).to.contain('not as of one moment');
      expect(alone).to.not.contain('--oplog');
      server.hello = { setName: 'rs0' };
      expect(await argsOf('*'))
        .to.contain('--oplog')
        .and.not.contain('--db')
        .and.not.contain('not as of one moment');
      expect(await argsOf('shop'))
        .to.contain('--db=shop')
        .and.not.contain('--oplog');
      server.hello = {};
    });
  });

  describe('restore', () => {
    it('fails when mongorestore exits 0 and could not restore some documents, or does not say', async () => {
      const before = await contentOf(connection);
      for (const said of ['2 document(s) restored successfully. 3 document(s) failed to restore.', 'done']) {
        const odd = `process.stdin.resume().on('end', () => console.error(${JSON.stringify(said)}))`;
        const error = await failureOf(
          restore(inPlace(), engineOf(testProgramsWith('mongorestore', odd))),
          'restore_failed',
        );
        expect(error.message).to.contain('exited 0');
      }
      expect(await contentOf(connection)).to.deep.equal(before);
      expect(collections()).to.deep.equal(['customers', 'later', 'orders', 'poor']);
    });

    it('puts collections and views in place, and what was not in the backup goes', async () => {
      await restore(inPlace());
      expect(collections()).to.deep.equal(['customers', 'orders', 'rich']);
      expect(server.store.collections('shop').get('rich')?.options['viewOn']).to.equal('customers');
    });

    it('puts everything back whichever step of the exchange fails', async () => {
      const before = await contentOf(connection);
      for (const failing of [1, 3, 5]) {
        let renamed = 0;
        server.before = (command) => {
          if (command === 'renameCollection' && (renamed += 1) === failing) throw new Refusal(8, 'UnknownError', 'no');
        };
        await failureOf(restore(inPlace()), 'restore_failed');
        expect(await contentOf(connection), `step ${failing}`).to.deep.equal(before);
        expect(collections()).to.deep.equal(['customers', 'later', 'orders', 'poor']);
      }
    });

    it('leaves a journal when it cannot put back, by which the old content is put back later', async () => {
      const before = await contentOf(connection);
      for (const failing of [2, 5]) {
        let renamed = 0;
        server.before = (command) => {
          if (command === 'renameCollection') renamed += 1;
          if (renamed >= failing && later.has(command)) throw new Refusal(8, 'UnknownError', 'going down');
        };
        const request = inPlace();
        await failureOf(restore(request), 'restore_failed');
        server.before = () => undefined;
        expect(collections()).to.include(restoreNames(request.restoreId).journal);
        await engine.cleanUpRestore(connection, request.restoreId, calm());
        expect(await contentOf(connection), `step ${failing}`).to.deep.equal(before);
        expect(collections()).to.deep.equal(['customers', 'later', 'orders', 'poor']);
      }
    });

    it('exchanges under a client that makes the collection anew in the moment in which there is none', async () => {
      server.before = (command, body) => {
        const isComing = String(body['renameCollection']).endsWith('_new_orders');
        if (command === 'renameCollection' && isComing) server.store.collection('shop', 'orders');
      };
      await restore(inPlace());
      expect(server.store.collections('shop').get('orders')?.documents).to.have.length(2);
    });

    it('keeps the former content, swaps it back once for each undoing, and drops it when told', async () => {
      const before = await contentOf(connection);
      const request = inPlace({ keepFormer: true });
      const { former } = await restore(request);
      const restored = await contentOf(connection);
      await engine.cleanUpRestore(connection, request.restoreId, calm());
      expect((await engine.findRestored(connection, request, calm()))?.former).to.equal(former);
      await failureOf(restore(request), 'restore_failed');
      await within(connection, (db) => db.collection('since').insertOne({ n: 1 }));
      const undoId = randomUUID();
      const outcome = await engine.undoRestore(connection, request.restoreId, undoId, calm());
      await engine.cleanUpRestore(connection, undoId, calm());
      expect(await engine.undoRestore(connection, request.restoreId, undoId, calm())).to.equal(outcome);
      expect(await contentOf(connection)).to.deep.equal(before);
      await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
      expect(await contentOf(connection))
        .to.include.members(restored)
        .and.have.length(restored.length + 1);
      await engine.dropFormer(connection, request.restoreId, calm());
      expect(collections()).to.deep.equal(['customers', 'orders', 'rich', 'since']);
      await failureOf(engine.undoRestore(connection, request.restoreId, randomUUID(), calm()), 'former_missing');
    });

    it('puts everything back at once when a step of an undoing fails', async () => {
      const request = inPlace({ keepFormer: true });
      await restore(request);
      const restored = await contentOf(connection);
      let renamed = 0;
      server.before = (command) => {
        if (command === 'renameCollection' && (renamed += 1) === 3) throw new Refusal(8, 'UnknownError', 'no');
      };
      const undoing = engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
      await failureOf(undoing, 'restore_failed');
      expect(await contentOf(connection)).to.deep.equal(restored);
    });

    it('takes an undoing back that ended midway', async () => {
      const request = inPlace({ keepFormer: true });
      await restore(request);
      const restored = await contentOf(connection);
      let renamed = 0;
      server.before = (command) => {
        if (command === 'renameCollection') renamed += 1;
        if (renamed >= 2 && later.has(command)) throw new Refusal(8, 'UnknownError', 'going down');
      };
      const undoId = randomUUID();
      await failureOf(engine.undoRestore(connection, request.restoreId, undoId, calm()), 'restore_failed');
      server.before = () => undefined;
      await engine.cleanUpRestore(connection, undoId, calm());
      expect(await contentOf(connection)).to.deep.equal(restored);
      await engine.undoRestore(connection, request.restoreId, undoId, calm());
      expect(await contentOf(connection)).to.not.deep.equal(restored);
    });

    it('puts nothing in place that differs from what was backed up', async () => {
      const before = await contentOf(connection);
      const dump = await engine.dump(connection, calm(), { content: 'full', contentSeconds: 10 });
      archive = await buffer(dump.stream);
      const expected = (await dump.content) ?? expect.fail();
      const items = expected.items.map((item) => (item.digest === null ? item : { ...item, digest: '1' }));
      const error = await failureOf(restore(inPlace({ expected: { ...expected, items } })), 'content_differs');
      expect(error.message).to.contain('not put in place');
      expect(await contentOf(connection)).to.deep.equal(before);
      await restore(inPlace({ expected }));
    });

    it('refuses a part, a time series and a whole server in one database before anything is touched', async () => {
      const names = collections();
      await failureOf(restore(inPlace({ selection: { schemas: [], tables: ['orders'] } })), 'configuration');
      const { prelude } = await import('./testing/archive-writer.ts');
      const series = { database: 'shop', collection: 'weather', type: 'timeseries', metadata: '{}' };
      archive = prelude([series]);
      await failureOf(restore(inPlace()), 'configuration');
      const usual = { ...series, type: 'collection' };
      archive = prelude([usual, { ...usual, database: 'other' }]);
      await failureOf(restore(inPlace()), 'configuration');
      expect(collections()).to.deep.equal(names);
    });
  });

  describe('looking first', () => {
    it('names the roles that a user lacks, and the command that grants them', async () => {
      const lacking = await startWireServer();
      await within(lacking.connection, (db) => db.collection('orders').insertOne({ n: 1 }));
      lacking.privileges = [{ resource: { db: 'shop', collection: 'orders' }, actions: ['find'] }];
      const { missingPrivileges } = await engine.probe(lacking.connection, calm());
      const grant = 'db.getSiblingDB("admin").grantRolesToUser("root", [{ role: "read", db: "shop" }])';
      expect(missingPrivileges.join()).to.contain(grant);
      expect((await failureOf(engine.dump(lacking.connection, calm()), 'privilege_missing')).message).to.contain(grant);
      lacking.privileges = [
        {
          resource: { db: 'shop', collection: '' },
          actions: ['find', 'listCollections', 'listIndexes', 'collStats', 'dbStats'],
        },
      ];
      await dumpOf(engine, lacking.connection);
      await lacking.stop();
    });

    it('never lowers a TLS mode, and says that the authority alone cannot be verified', async () => {
      for (const sslmode of ['require', 'verify-full'] as const) {
        const asked = { ...connection, options: { sslmode } };
        await failureOf(engine.probe(asked, calm()), 'tls_failed');
      }
      await failureOf(engine.probe({ ...connection, options: { sslmode: 'verify-ca' } }, calm()), 'configuration');
      await engine.probe({ ...connection, options: { sslmode: 'disable' } }, calm());
    });
  });
});
