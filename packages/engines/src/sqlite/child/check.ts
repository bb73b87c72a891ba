import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { ChildFailure, codeOf } from './failures.ts';
import { openOwn } from './open.ts';

const magic = 'SQLite format 3\0';
const mostProblems = 5;
const mostRows = 1000;

/** What only the program that made the database knows. */
const unknown = /no such (collation sequence|function|module)/;

/**
 * Checks that a file of ours is a whole database.
 * @returns what there is to say about it, in sentences
 * @throws ChildFailure integrity
 */
export function checkFile(path: string): string[] {
  checkLength(path);
  const database = openOwn(path);
  try {
    return [...checkStructure(database), ...checkReferences(database)];
  } finally {
    database.close();
  }
}

/** The header says how many pages there are. */
function checkLength(path: string): void {
  const file = openSync(path, 'r');
  const header = Buffer.alloc(100);
  const length = readSync(file, header, 0, header.length, 0);
  const { size } = fstatSync(file);
  closeSync(file);
  if (length < header.length || header.toString('latin1', 0, magic.length) !== magic) {
    throw new ChildFailure('integrity', 'It is not an SQLite database, or an encrypted one.');
  }
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const pages = header.readUInt32BE(28);
  if (pages * pageSize === size) return;
  throw new ChildFailure('integrity', `It has ${size} bytes and not the ${pages * pageSize} that its header tells.`);
}

function checkStructure(database: DatabaseSync): string[] {
  try {
    const rows = database.prepare(`pragma integrity_check(${mostProblems})`).all();
    const problems = rows.map((row) => String(Object.values(row)[0])).filter((text) => text !== 'ok');
    if (problems.length > 0) throw new ChildFailure('integrity', `It is corrupt: ${problems.join('; ')}.`);
    return [];
  } catch (error) {
    const { message } = error as Error;
    if (codeOf(error) === 'integrity' && !(error instanceof ChildFailure)) {
      throw new ChildFailure('integrity', `It is corrupt: ${message}.`);
    }
    if (!unknown.test(message)) throw error;
    return [`Its structure could not be checked in full: ${message}.`];
  }
}

function checkReferences(database: DatabaseSync): string[] {
  try {
    let count = 0;
    const tables = new Set<string>();
    for (const { table } of database.prepare('pragma foreign_key_check').iterate()) {
      count += 1;
      tables.add(JSON.stringify(table));
      if (count === mostRows) break;
    }
    if (count === 0) return [];
    const number = `${count === mostRows ? 'At least ' : ''}${count}`;
    return [`Rows that a foreign key leads to are not there: ${number}, of ${[...tables].join(', ')}.`];
  } catch (error) {
    return [`Its foreign keys could not be checked: ${(error as Error).message}.`];
  }
}
