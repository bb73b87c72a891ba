import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const usual = { enableForeignKeyConstraints: false } as const;

/**
 * Opens a database that others use, to read it, with the right to write where we have that: who opens one takes back what a
 * killed program left half done, and who closes it last removes the log. Never makes one.
 */
export function openLive(path: string, timeout: number): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('mode', 'rw');
  const database = prepared(new DatabaseSync(url, { ...usual, timeout }));
  database.exec('pragma query_only = on');
  return database;
}

/** Opens a file that is ours alone: without locks, and without the files that SQLite else puts beside it. */
export function openOwn(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return prepared(new DatabaseSync(url, { ...usual, readOnly: true }));
}

function prepared(database: DatabaseSync): DatabaseSync {
  // Its definitions were written by others: nothing in them is to run with side effects.
  database.exec('pragma trusted_schema = off');
  numberOf(database, 'schema_version');
  return database;
}

export function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0]);
}

export function textOf(database: DatabaseSync, pragma: string): string {
  return String(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0]);
}
