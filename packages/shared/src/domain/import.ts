import type { PublicError } from './errors.ts';

/** What reading a destination's manifests into the catalogue came to. */
export interface ImportReport {
  /** Manifests that the destination holds. */
  manifests: number;
  /** Backups that are in the catalogue because of this run, and those that were there before. */
  imported: number;
  known: number;
  /** Databases that were added to the catalogue, without a connection. */
  databases: number;
  /** Of those that were imported, backups an object of which is missing or has another size; at most a thousand. */
  damaged: { key: string; reason: string }[];
  damagedCount: number;
  /** What could not be read or taken over, and why; at most a thousand, counted beyond. */
  refused: { key: string; reason: string }[];
  refusedCount: number;
}

/** The reading of a destination's backups into the catalogue; one at a time for each destination. */
export interface Import {
  destinationId: number;
  /** Set while somebody waits for one. */
  requestedAt: Date | null;
  startedAt: Date | null;
  /** Before `startedAt` while one runs. */
  endedAt: Date | null;
  report: ImportReport | null;
  /** Why the last one could not be brought to its end. */
  error: PublicError | null;
}
