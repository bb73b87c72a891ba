import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { HoldfastError, type Connection, type Engine, type RestoreRequest } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf } from '@holdfast/testing/engines';
import { needsMysql, sharedMysql } from '@holdfast/testing/mysql';
import { expect } from 'chai';
import { MysqlClients } from './clients.ts';
import type { MysqlContext } from './context.ts';
import { mariadb, mysql } from './flavour.ts';
import { inSchema } from './names.ts';
import { prepare } from './prepare.ts';
import { runText } from './run.ts';
import { withSession, type Session } from './session.ts';
import { captureSurroundings } from './capture.ts';
import { moveTables, createSchema } from './swap.ts';
import { contentOf, databaseNames, openClient } from '../testing/mysql/content.ts';
import { newDatabase } from '../testing/mysql/databases.ts';
import { oddContent } from '../testing/mysql/odd-content.ts';
import { rentalShop } from '../testing/mysql/rental.ts';
import { clientFolders, realEngine } from '../testing/mysql/subject.ts';

for (const flavour of ['mysql', 'mariadb'] as const) {
  describe(`${flavour} restores`, function () {
    this.timeout(120_000);
    let engine: Engine;
    let source: Connection;
    let archive: Buffer;

    before(async function () {
      needsMysql(flavour, this);
      engine = realEngine(flavour);
      source = await newDatabase(flavour, oddContent(flavour));
      archive = await dumpOf(engine, source);
    });

    const request = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
      target: { mode: 'in_place' },
      ownership: 'keep',
      restoreId: randomUUID(),
      ...change,
    });
    const restore = (connection: Connection, asked: RestoreRequest, bytes = archive): ReturnType<Engine['restore']> =>
      engine.restore(connection, asked, Readable.from([bytes]), calm());
    const context = (): MysqlContext => ({
      ...calm(),
      flavour: flavour === 'mysql' ? mysql : mariadb,
      clients: new MysqlClients([...clientFolders(), '/usr/bin']),
      lockTimeoutMs: 5000,
    });
    const within = <T>(connection: Connection, work: (session: Session) => Promise<T>): Promise<T> =>
      withSession(connection, { ...context(), database: null, fallback: 'restore_failed' }, work);
    /** A database with tables, a view over them, a trigger and an event of its own. */
    const former = (): Promise<Connection> =>
      newDatabase(flavour, [
        'CREATE TABLE parents (id INT PRIMARY KEY, was TEXT)',
        `INSERT INTO parents VALUES (1, 'here')`,
        'CREATE TABLE `a view` (n INT)',
        'CREATE VIEW journal AS SELECT * FROM parents',
        'CREATE TRIGGER own BEFORE INSERT ON parents FOR EACH ROW SET NEW.was = UPPER(NEW.was)',
        `CREATE EVENT own_event ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO SET @a = 1`,
        'CREATE FUNCTION doubled (a INT) RETURNS INT DETERMINISTIC NO SQL RETURN a * 3',
      ]);

    it('makes a trigger that was written with the name of its database, wherever it is restored to', async () => {
      const connection = await newDatabase(flavour, ['CREATE TABLE `on` (a INT)', 'CREATE TABLE log (a INT)']);
      const own = connection.database;
      await (
        await sharedMysql(flavour)
      ).query(
        `USE ${own}`,
        `CREATE TRIGGER ${own}.plain BEFORE INSERT ON ${own}.\`on\` FOR EACH ROW INSERT INTO log VALUES (1)`,
        `CREATE TRIGGER \`${own}\` . \`a.b\`\n AFTER DELETE\n ON \`${own}\`.\`on\` FOR EACH ROW SET @a = ' ON x.y '`,
      );
      const bytes = await dumpOf(engine, connection);
      for (const asked of [request(), request({ target: { mode: 'new_database', database: `${own} new` } })]) {
        await restore(connection, asked, bytes);
        const database = asked.target.mode === 'in_place' ? own : `${own} new`;
        const triggers = await (
          await sharedMysql(flavour)
        ).query(
          `SELECT trigger_name AS name, action_statement AS does FROM information_schema.triggers WHERE trigger_schema = '${database}' ORDER BY 1`,
        );
        expect(triggers).to.deep.equal([
          { name: 'a.b', does: `SET @a = ' ON x.y '` },
          { name: 'plain', does: 'INSERT INTO log VALUES (1)' },
        ]);
      }
    });
    /** All that a restore in place does up to the moment in which its tables are moved, or past it. */
    const begun = async (connection: Connection, asked: RestoreRequest, begin: () => void): Promise<void> =>
      within(connection, async (session) => {
        const build = await prepare(session, connection, asked, context());
        const outgoing = await captureSurroundings(session, connection, connection.database, context());
        const incoming = await captureSurroundings(session, source, source.database, context());
        if (!incoming || !outgoing) throw new Error('Nothing was captured.');
        await session.query(createSchema(build.names.build, incoming.defaults));
        await runText(
          build.client,
          connection,
          build.names.build,
          'CREATE TABLE parents (n INT);CREATE TABLE journal (n INT);',
          context(),
        );
        await session.query(createSchema(build.names.old, outgoing.defaults));
        const { target, isNew, restoreId } = build;
        const journal = {
          restoreId,
          target,
          isNew,
          undoneBy: [],
          incoming: {
            defaults: incoming.defaults,
            code: { head: '', triggers: '', code: 'CREATE VIEW made AS SELECT n FROM parents;' },
          },
          outgoing,
        };
        await moveTables(
          { session, client: build.client, connection, context: context() },
          { from: build.names.build, aside: build.names.old, via: null, journal },
          begin,
        );
      });

    it('keeps the former content through clean-up, swaps it back and forth, and drops it when told', async () => {
      const connection = await former();
      const before = await contentOf(connection);
      const names = await databaseNames(connection);
      const asked = request({ keepFormer: true });
      const { former: kept } = await restore(connection, asked);
      const restored = await contentOf(connection);
      expect(restored).to.deep.equal(await contentOf(source));
      await engine.cleanUpRestore(connection, asked.restoreId, calm());
      expect(await databaseNames(connection)).to.have.members([...names, kept]);
      expect((await engine.findRestored(connection, asked, calm()))?.former).to.equal(kept);
      const undoId = randomUUID();
      const outcome = await engine.undoRestore(connection, asked.restoreId, undoId, calm());
      expect(await engine.undoRestore(connection, asked.restoreId, undoId, calm())).to.equal(outcome);
      expect(await contentOf(connection)).to.deep.equal(before);
      await engine.undoRestore(connection, asked.restoreId, randomUUID(), calm());
      expect(await contentOf(connection)).to.deep.equal(restored);
      await engine.dropFormer(connection, asked.restoreId, calm());
      await engine.dropFormer(connection, asked.restoreId, calm());
      expect(await databaseNames(connection)).to.deep.equal(names);
      await failureOf(engine.undoRestore(connection, asked.restoreId, randomUUID(), calm()), 'former_missing');
    });

    it('brings back what was dropped to make way when the tables are not moved', async () => {
      const connection = await former();
      const before = await contentOf(connection);
      const names = await databaseNames(connection);
      const asked = request();
      await failureOf(
        begun(connection, asked, () => {
          throw new HoldfastError('lease_lost');
        }),
        'lease_lost',
      );
      expect(await contentOf(connection)).to.not.deep.equal(before);
      await engine.cleanUpRestore(connection, asked.restoreId, calm());
      expect(await contentOf(connection)).to.deep.equal(before);
      expect(await databaseNames(connection)).to.deep.equal(names);
    });

    it('completes what was moved and not finished, as often as asked', async () => {
      const connection = await former();
      const names = await databaseNames(connection);
      const asked = request();
      await begun(connection, asked, () => undefined);
      await engine.cleanUpRestore(connection, asked.restoreId, calm());
      await engine.cleanUpRestore(connection, asked.restoreId, calm());
      const client = await openClient(connection, connection.database);
      const [tables] = await client.query('SHOW TABLES');
      const [triggers] = await client.query('SHOW TRIGGERS');
      await client.end();
      expect((tables as object[]).map((row) => Object.values(row)[0])).to.have.members(['parents', 'journal', 'made']);
      expect(triggers).to.deep.equal([]);
      expect(await databaseNames(connection)).to.deep.equal(names);
    });

    it('brings a shop of seventeen tables back as it was, in place and under another name', async () => {
      const shop = await newDatabase(flavour, rentalShop(flavour));
      const before = await contentOf(shop);
      const bytes = await dumpOf(engine, shop);
      const client = await openClient(shop, shop.database);
      await client.query('DROP TABLE payment');
      await client.query('DELETE FROM film_text');
      await client.end();
      await restore(shop, request(), bytes);
      expect(await contentOf(shop)).to.deep.equal(before);
      const asked = request({ target: { mode: 'new_database', database: `${shop.database}_too` } });
      await restore(shop, asked, bytes);
      expect(await contentOf(shop, `${shop.database}_too`)).to.deep.equal(before);
    });

    it('drops a database that the very restore has made, and no other', async () => {
      const asked = request({ target: { mode: 'new_database', database: `${source.database}_made` } });
      const names = await databaseNames(source);
      await restore(source, asked);
      expect((await engine.findRestored(source, asked, calm()))?.outcome).to.contain('was created');
      await engine.dropRestored(source, { ...asked, restoreId: randomUUID() }, calm());
      expect(await databaseNames(source)).to.include(`${source.database}_made`);
      await engine.dropRestored(source, asked, calm());
      await engine.dropRestored(source, asked, calm());
      expect(await databaseNames(source)).to.deep.equal(names);
    });

    it('lets events run where they are put in place, and not in a new database', async () => {
      const statusOf = async (database: string): Promise<unknown[]> => {
        const client = await openClient(source);
        const [rows] = await client.query(
          'SELECT status FROM information_schema.events WHERE event_schema = ? ORDER BY event_name',
          [database],
        );
        await client.end();
        return (rows as { status?: string; STATUS?: string }[]).map((row) => row.status ?? row.STATUS);
      };
      const connection = await newDatabase(flavour);
      await restore(connection, request());
      expect(await statusOf(connection.database)).to.deep.equal(['DISABLED', 'ENABLED']);
      const asked = request({ target: { mode: 'new_database', database: `${source.database}_new` } });
      expect((await restore(source, asked)).outcome).to.contain('events are disabled');
      expect(await statusOf(`${source.database}_new`)).to.deep.equal(['DISABLED', 'DISABLED']);
      await engine.dropRestored(source, asked, calm());
    });

    it('gives views, triggers, events and routines to whoever restores when ownership is skipped', async () => {
      const server = await sharedMysql(flavour);
      await server.query(`DROP USER IF EXISTS author`, `CREATE USER author`);
      const text = archive.toString('utf8').replaceAll('DEFINER=`admin`@`%`', 'DEFINER=`author`@`%`');
      const definers = async (database: string): Promise<unknown[]> => {
        const rows = await server.query(
          `SELECT DISTINCT definer AS d FROM (SELECT definer FROM information_schema.views WHERE table_schema = '${database}'
           UNION ALL SELECT definer FROM information_schema.triggers WHERE trigger_schema = '${database}'
           UNION ALL SELECT definer FROM information_schema.events WHERE event_schema = '${database}'
           UNION ALL SELECT definer FROM information_schema.routines WHERE routine_schema = '${database}') t`,
        );
        return rows.map(({ d }) => d);
      };
      const kept = await newDatabase(flavour);
      // Not in the schema beside it.
      await server.query(`GRANT ALL ON \`${kept.database}\`.* TO author`);
      await restore(kept, request(), Buffer.from(text));
      expect(await definers(kept.database)).to.deep.equal(['author@%']);
      const stripped = await newDatabase(flavour);
      await restore(stripped, request({ ownership: 'skip' }), Buffer.from(text));
      expect(await definers(stripped.database)).to.deep.equal(['admin@%']);
      const option = { ...(await newDatabase(flavour)), options: { definers: 'strip' as const } };
      await restore(option, request(), Buffer.from(text));
      expect(await definers(option.database)).to.deep.equal(['admin@%']);
    });

    it('keeps the whole old content when a statement of the archive fails, tables or code', async () => {
      const connection = await former();
      const before = await contentOf(connection);
      const names = await databaseNames(connection);
      const text = archive.toString('utf8');
      for (const [from, to] of [
        ['CREATE TABLE `parents`', 'CREATE TABLE `children`'],
        ['/*!50001 VIEW `a view`', '/*!50001 VIEW `a view` of nothing'],
      ] as const) {
        expect(text).to.contain(from);
        const error = await failureOf(
          restore(connection, request(), Buffer.from(text.replace(from, to))),
          'restore_failed',
        );
        expect(error.message).to.contain('ERROR');
      }
      expect(await contentOf(connection)).to.deep.equal(before);
      expect(await databaseNames(connection)).to.deep.equal(names);
    });

    it('refuses where tables of other databases refer to the target, and changes nothing', async () => {
      const connection = await former();
      const before = await contentOf(connection);
      await newDatabase(flavour, [
        `CREATE TABLE referring (p INT, FOREIGN KEY (p) REFERENCES ${inSchema(connection.database, 'parents')} (id))`,
      ]);
      await failureOf(restore(connection, request()), 'configuration');
      const about = { serverVersion: '1.0.0', tool: { name: 'x', version: '1' }, plainBytes: 1, content: null };
      const [blocker] = await engine.preflight(connection, request(), about, calm());
      expect(blocker).to.include({ severity: 'blocker', code: 'target' });
      expect(await contentOf(connection)).to.deep.equal(before);
    });
  });
}
