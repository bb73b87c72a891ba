import { DatabaseSync } from 'node:sqlite';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseAtEnd } from '@holdfast/testing/resources';
import { describeRedis, fillTypes, startRedisData } from '@holdfast/testing/engines';
import { needsMysql, sharedMysql } from '@holdfast/testing/mysql';
import { needsRedis } from '@holdfast/testing/redis';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import type { Context } from 'mocha';
import { localDestination, useHoldfast } from './support/system.ts';

/** A database of one kind with content, and ways to look at it. */
interface Bed {
  fields: Record<string, unknown> & { database: string };
  /** A database that is not there yet. */
  copy: string;
  change(): Promise<void>;
  content(database: string): Promise<unknown>;
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-engines-'));
releaseAtEnd(async () => rmSync(folder, { recursive: true, force: true }));

async function mariadb(): Promise<Bed> {
  const { query, host, port, user, password } = await sharedMysql('mariadb');
  await query(
    'create database whole_path',
    'use whole_path',
    'create table whole_path.items (id int primary key, name text, at timestamp null) charset utf8mb4',
    `insert into whole_path.items select seq, concat('item 🦥 ', seq), null from seq_1_to_1000`,
  );
  return {
    fields: { host, port, user, password, database: 'whole_path' },
    copy: 'whole_path_copy',
    change: async () => void (await query('delete from whole_path.items where id % 2 = 0')),
    content: (database) => query(`select * from \`${database}\`.items order by id`),
  };
}

async function redis(): Promise<Bed> {
  const { server, connection, open } = await startRedisData();
  const first = await open();
  releaseAtEnd(async () => first.disconnect());
  await fillTypes(first);
  await first.set('to be lost', 'not yet');
  const { host, user, password, database } = connection;
  return {
    fields: { host, port: server.port, user, password: password?.reveal(), database },
    copy: '5',
    change: async () => void (await first.del('to be lost')),
    content: async (of) => {
      const reader = await open(Number(of));
      const content = await describeRedis(reader);
      reader.disconnect();
      return content;
    },
  };
}

async function sqlite(): Promise<Bed> {
  const path = join(folder, 'app.db');
  const run = (sql: string): void => {
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
  };
  run(`create table t (n integer primary key, text text); insert into t values (1, 'one'), (2, 'two')`);
  return {
    fields: { database: path },
    copy: join(folder, 'copy.db'),
    change: async () => run('delete from t where n = 1'),
    content: async (database) => {
      const db = new DatabaseSync(database, { readOnly: true });
      const rows = db.prepare('select * from t order by n').all();
      db.close();
      return rows.map((row) => ({ ...row }));
    },
  };
}

async function files(): Promise<Bed> {
  const path = join(folder, 'uploads');
  for (const below of [path, join(path, 'below')]) {
    mkdirSync(below);
    for (const name of ['a', 'b', 'ü 🦥']) writeFileSync(join(below, name), `content of ${name}`.repeat(1000));
  }
  return {
    fields: { database: path },
    copy: join(folder, 'uploads copy'),
    change: async () => rmSync(join(path, 'a')),
    content: async (database) =>
      readdirSync(database, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'utf8')])
        .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  };
}

const kinds: Record<string, { open: () => Promise<Bed>; needs?: (context: Context) => void }> = {
  mariadb: { open: mariadb, needs: (context) => needsMysql('mariadb', context) },
  redis: { open: redis, needs: needsRedis },
  sqlite: { open: sqlite },
  files: { open: files },
};

describe('every kind of database', function suite() {
  this.timeout(90_000);
  const holdfast = useHoldfast(() => ({ env: { HOLDFAST_FILE_ROOTS: folder } }));

  for (const [type, { open, needs }] of Object.entries(kinds)) {
    it(`of type ${type} is backed up, comes back beside itself and in place, and is verified, by the services`, async function () {
      needs?.(this);
      const { client } = holdfast();
      const bed = await open();
      const destination = await localDestination(holdfast(), type);
      const database = { name: `one ${type}`, type, ...bed.fields, destination_id: destination };
      const registered = await client.expect<{ database: { id: string } }>(201, 'POST', '/api/databases', { database });
      const { id } = registered.database;
      const before = await bed.content(bed.fields.database);

      const tested = await client.expect<{ database_test: unknown }>(200, 'POST', `/api/databases/${id}/test`);
      expect(tested.database_test).to.deep.include({ ok: true, error: null });
      const { id: backup } = await client.backup(id);
      await client.waitFor(backup, ['done'], 30);

      const beside = await client.restore(id, backup, { target: { new_database: bed.copy } }, 30);
      expect(beside).to.include({ status: 'done', error: null });
      expect(await bed.content(bed.copy)).to.deep.equal(before);

      await bed.change();
      expect(await bed.content(bed.fields.database)).to.not.deep.equal(before);
      const inPlace = await client.restore(id, backup, { target: { in_place: true } }, 30);
      expect(inPlace).to.include({ status: 'done', error: null });
      expect(await bed.content(bed.fields.database)).to.deep.equal(before);

      const verifications = `/api/databases/${id}/backups/${backup}/verifications`;
      await client.expect(201, 'POST', verifications, {
        verification: { level: 'restorable', scratch_database_id: id },
      });
      const verified = await until('it is verified', 30, async () => {
        const found = await client.expect<{ verifications: { status: string; reached: string | null }[] }>(
          200,
          'GET',
          verifications,
        );
        return found.verifications.find(({ status }) => status === 'done' || status === 'error');
      });
      expect(verified).to.include({ status: 'done', reached: 'restorable' });
      expect(await bed.content(bed.fields.database)).to.deep.equal(before);
    });
  }
});
