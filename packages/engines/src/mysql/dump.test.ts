import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Secret, type Engine } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf } from '@holdfast/testing/engines';
import { needsMysql, sharedMysql } from '@holdfast/testing/mysql';
import { expect } from 'chai';
import { openClient } from '../testing/mysql/content.ts';
import { newDatabase, numbers } from '../testing/mysql/databases.ts';
import { engineWith, realEngine } from '../testing/mysql/subject.ts';

for (const flavour of ['mysql', 'mariadb'] as const) {
  describe(`${flavour} dumps`, function () {
    let engine: Engine;

    before(function () {
      needsMysql(flavour, this);
      engine = realEngine(flavour);
    });

    it('fails when its program exits 0 after an output that does not end as a whole dump does', async () => {
      const connection = await newDatabase(flavour);
      const fake = engineWith(flavour, '99.0.1', `process.stdout.write('-- MySQL dump\\nCREATE TABLE t (a INT);\\n')`);
      const { stream } = await fake.dump(connection, calm());
      expect((await failureOf(buffer(stream), 'dump_failed')).message).to.contain('whole');
    });

    it('reads an archive to its end without a server, and tells one that is cut, changed or of another kind', async () => {
      const connection = await newDatabase(flavour, ['CREATE TABLE t (a TEXT)', `INSERT INTO t VALUES ('x')`]);
      const archive = await dumpOf(engine, connection);
      await engine.checkReadable(Readable.from([archive]), calm());
      for (let at = 0; at < archive.length; at += 700)
        await failureOf(engine.checkReadable(Readable.from([archive.subarray(0, at)]), calm()), 'integrity');
      const holed = Buffer.from(archive);
      holed[(archive.length / 2) | 0] = 0;
      await failureOf(engine.checkReadable(Readable.from([holed]), calm()), 'integrity');
      const other = realEngine(flavour === 'mysql' ? 'mariadb' : 'mysql');
      await failureOf(other.checkReadable(Readable.from([archive]), calm()), 'configuration');
    });

    it('succeeds with the documented privileges and no others, and names what is missing otherwise', async () => {
      const server = await sharedMysql(flavour);
      const connection = await newDatabase(flavour, [
        'CREATE TABLE t (a INT)',
        'CREATE VIEW v AS SELECT a FROM t',
        'CREATE PROCEDURE p () SELECT 1',
        'CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1',
        `CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO SET @a = 1`,
      ]);
      const user = `least_${flavour}`;
      await server.query(`DROP USER IF EXISTS ${user}`, `CREATE USER ${user} IDENTIFIED BY 'least'`);
      const least = { ...connection, user, password: new Secret('least') };
      const given: string[] = [];
      const database = `\`${connection.database.replaceAll('_', String.raw`\_`)}\``;
      const grants = [
        `GRANT SELECT ON ${database}.* TO ${user}`,
        `GRANT SHOW VIEW, TRIGGER ON ${database}.* TO ${user}`,
        `GRANT EVENT ON ${database}.* TO ${user}`,
        flavour === 'mysql' ? `GRANT SHOW_ROUTINE ON *.* TO ${user}` : `GRANT SELECT ON mysql.proc TO ${user}`,
      ];
      for (const grant of grants) {
        await failureOf(engine.dump(least, calm()), 'privilege_missing');
        await server.query(grant);
        given.push(grant);
      }
      const text = (await dumpOf(engine, least)).toString('utf8');
      for (const what of ['CREATE TABLE `t`', 'VIEW `v`', 'PROCEDURE `p`', /TRIGGER `?g`?/i, 'EVENT `e`'])
        expect(text).to.match(typeof what === 'string' ? new RegExp(what) : what);
    });

    it('says which tables are not as of the same moment', async () => {
      const connection = await newDatabase(flavour, [
        'CREATE TABLE safe (a INT)',
        'CREATE TABLE old_one (a INT) ENGINE=MyISAM',
        'CREATE TABLE gone_soon (a INT) ENGINE=MEMORY',
      ]);
      const { warnings } = await engine.probe(connection, calm());
      expect(warnings).to.have.length(1);
      expect(warnings?.[0]).to.contain('gone_soon (MEMORY), old_one (MyISAM)').and.not.contain('safe');
      const dump = await engine.dump(connection, calm());
      await buffer(dump.stream);
      expect(dump.warnings).to.deep.equal(warnings);
    });

    it('is refused for a server of the other flavour, with the type that it is', async () => {
      const connection = await newDatabase(flavour);
      const other = flavour === 'mysql' ? 'mariadb' : 'mysql';
      const error = await failureOf(realEngine(other).probe(connection, calm()), 'configuration');
      expect(error.message).to.contain(`type "${flavour}"`);
    });

    it('lists the databases that people made', async () => {
      const connection = await newDatabase(flavour, ['CREATE TABLE t (a INT)']);
      const names = (await engine.list?.(connection, calm()))?.map(({ name }) => name) ?? [];
      expect(names).to.include(connection.database);
      expect(names).to.not.include.members(['mysql']).and.not.include.members(['information_schema']);
    });

    it('holds what was there at one moment, while transactions move sums between tables', async () => {
      const connection = await newDatabase(flavour, [
        'CREATE TABLE first_half (id INT PRIMARY KEY, n INT)',
        'CREATE TABLE middle (id INT PRIMARY KEY, padding LONGBLOB)',
        'CREATE TABLE second_half (id INT PRIMARY KEY, n INT)',
        `INSERT INTO first_half SELECT n, 100 FROM (${numbers(100)}) t`,
        `INSERT INTO second_half SELECT n, 100 FROM (${numbers(100)}) t`,
        `INSERT INTO middle SELECT n, REPEAT('x', 20000) FROM (${numbers(200)}) t`,
      ]);
      const writer = await openClient(connection, connection.database);
      const state = { stopped: false, moved: 0 };
      const writing = (async () => {
        for (let x = 0; !state.stopped; x += 1) {
          await writer.query('START TRANSACTION');
          await writer.query('UPDATE first_half SET n = n - 1 WHERE id = ?', [x % 100]);
          await writer.query('UPDATE second_half SET n = n + 1 WHERE id = ?', [x % 100]);
          await writer.query('COMMIT');
          state.moved += 1;
        }
      })();
      const totals: number[] = [];
      for (let round = 0; round < 2; round += 1) {
        const text = (await dumpOf(engine, connection)).toString('utf8');
        const values = (table: string): string => new RegExp(`INSERT INTO \`${table}\`[^;]*;`).exec(text)?.[0] ?? '';
        const sum = (table: string): number =>
          [...values(table).matchAll(/\(\d+,(-?\d+)\)/g)].reduce((total, [, n]) => total + Number(n), 0);
        totals.push(sum('first_half') + sum('second_half'));
      }
      state.stopped = true;
      await writing;
      await writer.end();
      expect(state.moved).to.be.greaterThan(10);
      expect(totals).to.deep.equal([20_000, 20_000]);
    });
  });
}
