import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createEngines } from '@holdfast/engines';
import type { Connection, ContentManifest, Engine } from '@holdfast/shared/domain';
import { calm, connectionTo, contentOf } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';

/** A server with one database under clients, and the archive of what it held at first. */
export interface KillBed {
  server: TestPostgres;
  engine: Engine;
  connection: Connection;
  archive: string;
  expected: ContentManifest;
  /** The fingerprint of the archive's content. */
  archived: readonly string[];
  /** Changes the content into one that was never there, in one transaction. */
  change(version: string): Promise<void>;
  databases(): Promise<string[]>;
  close(): Promise<void>;
}

const database = 'shop';
const claim = `update label set total = (select sum(balance) from accounts), notes = (select count(*) from notes),
  digest = (select md5(string_agg(body, '' order by id)) from notes)`;

export async function openKillBed(): Promise<KillBed> {
  // What was committed must be there after a crash, as it is on a server of somebody who cares.
  const server = await startPostgres({ settings: { synchronous_commit: 'on' } });
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-kills-'));
  await server.createDatabase(database);
  await server.query(
    database,
    'create table accounts (id int primary key, balance bigint not null)',
    'insert into accounts select g, g * 7 from generate_series(1, 2000) g',
    'create table notes (id int primary key, body text not null)',
    `insert into notes select g, repeat(md5(g::text), 20) from generate_series(1, 1500) g`,
    'create index notes_body on notes (left(body, 20))',
    `create table label (version text not null, total numeric, notes int, digest text)`,
    `insert into label (version) values ('archived')`,
    claim,
  );
  const engine = createEngines({ clientFolders: [] }).get('postgresql');
  const connection = connectionTo(server, database);
  const dump = await engine.dump(connection, calm(), { content: 'full', contentSeconds: 60 });
  const archive = join(folder, 'archive');
  writeFileSync(archive, await buffer(dump.stream));
  const expected = await dump.content;
  if (!expected || expected.missing.length > 0) throw new Error(`Not measured: ${JSON.stringify(expected?.missing)}`);
  return {
    server,
    engine,
    connection,
    archive,
    expected,
    archived: await contentOf(connection),
    change: async (version) => {
      const label = `update label set version = '${version}'`;
      const notes = `insert into notes select max(id) + 1, '${version}' from notes`;
      await server.query(
        database,
        `begin; update accounts set balance = balance + id; ${notes}; ${label}; ${claim}; commit`,
      );
    },
    databases: async () => {
      const rows = await server.query('postgres', 'select datname from pg_database order by 1');
      return rows.map((row) => String(row['datname']));
    },
    close: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
