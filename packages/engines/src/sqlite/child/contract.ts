import type { Content, Level } from './measure.ts';

/**
 * What is done with SQLite databases, in a process of its own: SQLite holds up whoever calls it, and locks end with the process.
 * Answers in JSON, or with the bytes of a database.
 */
export interface Commands {
  look: { path: string; lockTimeoutMs: number };
  measure: { path: string; level: Level; seconds: number; lockTimeoutMs: number };
  /** Copies into the folder, which it removes when nobody listens any more; its report is put there too. */
  dump: { path: string; folder: string; level: Level | null; seconds: number; lockTimeoutMs: number };
  /** Writes what it is given into a new file and checks it. */
  receive: { path: string; level: Level | null };
  place: Placing;
}

export interface Placing {
  /** A file of ours. */
  source: string;
  /** A database that others may be using. */
  target: string;
  /** Where the target's former content goes first; null: nowhere. */
  aside: string | null;
  lockTimeoutMs: number;
}

export interface Look {
  tables: number;
  sizeBytes: number;
  schemaVersion: number;
}

/** What is known of a database that was copied or received. */
export interface Report {
  warnings: string[];
  content: Content | null;
}

export const copyName = 'copy.sqlite';
export const reportName = 'report.json';
