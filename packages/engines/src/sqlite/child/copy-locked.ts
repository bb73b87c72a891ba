import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { removeDatabase } from './copy.ts';
import { codeOf } from './failures.ts';

const bytesAtOnce = 1024 * 1024;

/** A database that nobody but us can write to now. */
interface Locked {
  /** Its open file. */
  file: number;
  size: number;
  /** Path of its write-ahead log, which need not be there. */
  log: string;
}

/** Copies a locked database byte by byte, at once: what is read is what was committed last. The copy has no log of its own. */
export function copyLocked({ file, size, log }: Locked, path: string): void {
  const draft = `${path}.draft`;
  removeDatabase(draft);
  const copy = openSync(draft, 'wx', 0o600);
  const bytes = Buffer.allocUnsafe(bytesAtOnce);
  for (let at = 0; at < size;) {
    const count = readSync(file, bytes, 0, Math.min(bytes.length, size - at), at);
    if (count === 0) break;
    for (let written = 0; written < count;) written += writeSync(copy, bytes, written, count - written);
    at += count;
  }
  if (existsSync(log)) copyFileSync(log, `${draft}-wal`);
  takeIn(draft);
  fsyncSync(copy);
  closeSync(copy);
  renameSync(draft, path);
}

/** Whoever closes a database last brings what is in its log into it. One that is too broken for that stays as it is. */
function takeIn(path: string): void {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  try {
    database.exec('pragma schema_version');
    database.exec('pragma wal_checkpoint(truncate)');
  } catch (error) {
    if (codeOf(error) !== 'integrity') throw error;
  } finally {
    database.close();
  }
}
