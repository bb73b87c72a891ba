import type { Defaults } from './archive.ts';
import type { CodeNames } from './catalog.ts';
import { inSchema, journalTable, pointerTable, quoteText } from './names.ts';
import type { Session } from './session.ts';
import type { Code } from './split.ts';

/** What a database is beside its tables. */
export interface Surroundings {
  code: Code;
  defaults: Defaults;
}

/**
 * What a swap is doing, kept on the server itself: it moves with the tables, in the same statement, so where it is found says
 * whether they were moved; and it holds what else is to be made.
 */
export interface Journal {
  restoreId: string;
  /** The database whose content is replaced or made. */
  target: string;
  isNew: boolean;
  /** Who has swapped the contents back or forth since the restore, in order. */
  undoneBy: string[];
  incoming: Surroundings;
  /** Null where there was none. */
  outgoing: (Surroundings & { names: CodeNames }) | null;
}

/** The numbers of the rows that say that all was done, and that a target that was not there is being made. */
const marks = { finished: -1, making: -2 } as const;
export type JournalMark = keyof typeof marks;
const partBytes = 1024 * 1024;

export async function writeJournal(session: Session, schema: string, journal: Journal): Promise<void> {
  const comment = `Restored by Holdfast (restore ${journal.restoreId})`;
  await write(session, schema, journalTable, JSON.stringify(journal), comment);
}

export async function writePointer(session: Session, schema: string, to: string): Promise<void> {
  await write(session, schema, pointerTable, JSON.stringify(to), 'Of a restore by Holdfast that goes on');
}

async function write(session: Session, schema: string, table: string, text: string, comment: string): Promise<void> {
  const name = inSchema(schema, table);
  await session.query(`DROP TABLE IF EXISTS ${name}`);
  await session.query(
    `CREATE TABLE ${name} (part INT PRIMARY KEY, body LONGBLOB NOT NULL) ENGINE=InnoDB COMMENT=${quoteText(comment)}`,
  );
  const bytes = Buffer.from(text);
  await session.query('START TRANSACTION');
  for (let part = 0; part * partBytes < bytes.length; part += 1)
    await session.query(`INSERT INTO ${name} VALUES (?, ?)`, [
      part,
      bytes.subarray(part * partBytes, (part + 1) * partBytes),
    ]);
  await session.query('COMMIT');
}

/** A journal that was found, and its marks. */
export interface FoundJournal extends Journal {
  marks: Record<JournalMark, boolean>;
}

/** Null where there is none, or not a whole one. */
export async function readJournal(session: Session, schema: string): Promise<FoundJournal | null> {
  const found = await read(session, schema, journalTable);
  return found && { ...(JSON.parse(found.text) as Journal), marks: found.marks };
}

export async function readPointer(session: Session, schema: string): Promise<string | null> {
  const found = await read(session, schema, pointerTable);
  return found && (JSON.parse(found.text) as string);
}

async function read(
  session: Session,
  schema: string,
  table: string,
): Promise<{ text: string; marks: Record<JournalMark, boolean> } | null> {
  const there = await session.query(
    `SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ? AND table_type = 'BASE TABLE'`,
    [schema, table],
  );
  if (there.length === 0) return null;
  const rows = await session.query<{ part: number; body: Buffer }>(
    `SELECT part, body FROM ${inSchema(schema, table)} ORDER BY part`,
  );
  const parts = rows.filter(({ part }) => part >= 0);
  if (parts.length === 0) return null;
  const has = (mark: JournalMark): boolean => rows.some(({ part }) => part === marks[mark]);
  return {
    text: Buffer.concat(parts.map(({ body }) => body)).toString('utf8'),
    marks: { finished: has('finished'), making: has('making') },
  };
}

export async function mark(session: Session, schema: string, is: JournalMark): Promise<void> {
  await session.query(`REPLACE INTO ${inSchema(schema, journalTable)} VALUES (${marks[is]}, '')`);
}

export async function unmark(session: Session, schema: string, is: JournalMark): Promise<void> {
  await session.query(`DELETE FROM ${inSchema(schema, journalTable)} WHERE part = ${marks[is]}`);
}
