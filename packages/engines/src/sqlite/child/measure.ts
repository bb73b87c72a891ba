import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { numberOf, textOf } from './open.ts';

export const algorithm = 'sqlite rows: sum of sha256';

export type Level = 'counts' | 'sampled' | 'full';

interface Item {
  kind: string;
  name: string;
  count: number | null;
  digest: string | null;
  share: number | null;
}

/** A content manifest; this program knows nothing of those who read it. */
export interface Content {
  version: 1;
  level: Level;
  algorithm: string;
  items: Item[];
  missing: string[];
}

interface SchemaRow {
  type: string;
  name: string;
  sql: string | null;
  rootpage: number;
}

const rowsBetweenLooks = 10_000;

/** Measures a database as it is in one read transaction. @param seconds for all of it */
export function measure(database: DatabaseSync, level: Level, seconds: number): Content {
  const deadline = performance.now() + seconds * 1000;
  const missing: string[] = [];
  const items: Item[] = [];
  const rows = database
    .prepare('select type, name, sql, rootpage from sqlite_schema order by type, name')
    .all() as unknown as SchemaRow[];
  for (const { type, name, sql, rootpage } of rows) {
    if (sql !== null)
      items.push({ kind: 'definition', name: `${type} ${name}`, count: null, digest: digestOf(sql), share: 1 });
    if (type !== 'table' || rootpage === 0) continue;
    try {
      items.push(measureTable(database, name, level, deadline));
    } catch (error) {
      missing.push(`${quoted(name)} could not be measured: ${(error as Error).message}.`);
    }
  }
  for (const pragma of ['user_version', 'application_id']) {
    items.push({ kind: 'setting', name: pragma, count: null, digest: String(numberOf(database, pragma)), share: 1 });
  }
  items.push({ kind: 'setting', name: 'encoding', count: null, digest: textOf(database, 'encoding'), share: 1 });
  return { version: 1, level, algorithm, items, missing };
}

function measureTable(database: DatabaseSync, name: string, level: Level, deadline: number): Item {
  const item = { kind: 'table', name: quoted(name) };
  if (performance.now() > deadline) throw new Error('the time for it was over');
  if (level === 'counts') {
    const count = Number(database.prepare(`select count(*) as n from ${quoted(name)}`).get()?.['n']);
    return { ...item, count, digest: null, share: null };
  }
  const statement = database.prepare(`select * from ${quoted(name)}`);
  statement.setReadBigInts(true);
  let [count, sum] = [0, 0n];
  for (const row of statement.iterate()) {
    count += 1;
    sum += hashOf(Object.values(row));
    if (count % rowsBetweenLooks === 0 && performance.now() > deadline) throw new Error('the time for it was over');
  }
  return { ...item, count, digest: BigInt.asUintN(64, sum).toString(16).padStart(16, '0'), share: 1 };
}

/** A number for the values of a row: the sum of those of a table does not depend on the order of its rows. */
function hashOf(values: readonly unknown[]): bigint {
  const hash = createHash('sha256');
  for (const value of values) {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
    hash.update(`${value instanceof Uint8Array ? 'blob' : typeof value} ${bytes.length} `).update(bytes);
  }
  return hash.digest().readBigUInt64BE();
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
