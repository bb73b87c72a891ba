import { existsSync, rmSync } from 'node:fs';
import { backup, type DatabaseSync } from 'node:sqlite';
import { numberOf } from './open.ts';

const pagesAtOnce = 1024;

/**
 * Copies a database page by page as it is at one moment: the read transaction that is held keeps SQLite from beginning anew for
 * each write of others. With a write-ahead log they go on writing meanwhile, otherwise they wait.
 */
export async function copyTo(source: DatabaseSync, path: string): Promise<void> {
  source.exec('begin');
  // The transaction begins with the first thing that is read.
  numberOf(source, 'schema_version');
  await backup(source, path, { rate: pagesAtOnce });
  source.exec('rollback');
}

/** Removes a database of ours with what SQLite may have put beside it. */
export function removeDatabase(path: string): void {
  for (const end of ['', '-journal', '-wal', '-shm']) if (existsSync(path + end)) rmSync(path + end);
}
