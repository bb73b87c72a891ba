import { copyFileSync, existsSync, fstatSync, openSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { copyLocked } from './copy-locked.ts';
import type { Placing } from './contract.ts';
import { removeDatabase } from './copy.ts';
import { ChildFailure, isBusy } from './failures.ts';
import { numberOf, openLive, openOwn, textOf } from './open.ts';

/** Less than SQLite keeps in memory: nothing of the first step is in the target's file after it. */
const bytesAtOnce = 1024 * 1024;
const pauseMs = 20;

/**
 * Writes one database into another, in one transaction under SQLite's own locks: for everybody who uses the target it holds
 * the one content as a whole or the other, and whoever is killed midway leaves a transaction that the next to open it takes
 * back. What goes aside is the target's content at the very moment from which nobody else can write to it.
 */
export async function place({ source, target, aside, lockTimeoutMs }: Placing): Promise<void> {
  const deadline = performance.now() + lockTimeoutMs;
  const from = openOwn(source);
  makeRoom(numberOf(from, 'page_size'), target, lockTimeoutMs);
  const keep = keeper(target, aside, lockTimeoutMs);
  const long = aside === null ? from : lengthened(from, source, `${aside}.source`);
  for (;;) {
    try {
      return await write(long, target, keep);
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > deadline) {
        throw new ChildFailure('lock_timeout', `It was locked by others for ${Math.ceil(lockTimeoutMs / 1000)} s.`);
      }
      await delay(pauseMs);
    }
  }
}

/** @param locked called when the target is locked for us and nothing is written yet */
async function write(from: DatabaseSync, target: string, locked: () => void): Promise<void> {
  let called = false;
  const pagesAtOnce = Math.floor(bytesAtOnce / numberOf(from, 'page_size'));
  await backup(from, target, {
    // The last step is the one that commits, so there must be one before it.
    rate: Math.max(1, Math.min(pagesAtOnce, numberOf(from, 'page_count') - 1)),
    progress: () => {
      if (!called) locked();
      called = true;
    },
  });
}

/**
 * Puts the target's content aside. An attempt that was killed after it had written the target must not lose what it had put
 * aside, and whatever writes a database changes its schema version or leaves it as it was.
 */
function keeper(target: string, aside: string | null, timeout: number): () => void {
  if (aside === null || (existsSync(aside) && versionOf(aside, timeout) !== versionOf(target, timeout)))
    return () => undefined;
  // Never closed, as that would give up the locks that this process has on it.
  const file = openSync(target, 'r');
  return () => copyLocked({ file, size: fstatSync(file).size, log: `${target}-wal` }, aside);
}

function versionOf(path: string, timeout: number): number {
  const database = openLive(path, timeout);
  try {
    return numberOf(database, 'schema_version');
  } finally {
    database.close();
  }
}

/** What has one page would be written in a single step: it is given free ones. */
function lengthened(from: DatabaseSync, path: string, draft: string): DatabaseSync {
  if (numberOf(from, 'page_count') > 1) return from;
  removeDatabase(draft);
  copyFileSync(path, draft);
  const database = new DatabaseSync(draft);
  database.exec('create table filler (x); drop table filler');
  database.close();
  const long = openOwn(draft);
  numberOf(long, 'page_count');
  removeDatabase(draft);
  return long;
}

/** With a write-ahead log the size of pages cannot change: the target leaves it. */
function makeRoom(pageSize: number, target: string, timeout: number): void {
  const database = new DatabaseSync(target, { timeout, enableForeignKeyConstraints: false });
  try {
    if (numberOf(database, 'page_size') === pageSize || textOf(database, 'journal_mode') !== 'wal') return;
    database.exec('pragma journal_mode = delete');
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw new ChildFailure(
      'lock_timeout',
      'It has pages of another size than the backup, which cannot change while others have it open with a write-ahead log: end them first.',
    );
  } finally {
    database.close();
  }
}
