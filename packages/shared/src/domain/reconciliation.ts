import type { PublicError } from './errors.ts';

/** What a comparison of the catalogue with a destination found, in numbers. */
export interface ReconciliationReport {
  /** Objects that the destination held, and their stored bytes. */
  objects: number;
  bytes: number;
  /** Unfinished uploads that it held. */
  uploads: number;
  /** Backups whose objects were looked for. */
  backups: number;
  /** Of these: an object is not there; has another size; or is there again. */
  missing: number;
  changed: number;
  recovered: number;
  /** Objects and uploads that no record owns; how many of them are ours to remove; and how many were removed. */
  orphans: number;
  known: number;
  removed: number;
}

/** The comparisons of the catalogue with what a destination holds. */
export interface Reconciliation {
  destinationId: number;
  /** Set while somebody waits for one. */
  requestedAt: Date | null;
  /** When the next one is due by itself. */
  dueAt: Date;
  startedAt: Date | null;
  /** Before `startedAt` while one runs. */
  endedAt: Date | null;
  /** When the last one that came to its end did, with what it found. */
  succeededAt: Date | null;
  report: ReconciliationReport | null;
  /** Why the last one could not be brought to its end. */
  error: PublicError | null;
}

/** An object or an open upload that no record owns. */
export interface Orphan {
  destinationId: number;
  kind: 'object' | 'upload';
  key: string;
  /** Empty for an object. */
  uploadId: string;
  /** Stored bytes; null for an upload. */
  size: number | null;
  /** Whether a record of ours says that it may be removed: the attempt did not settle, or the backup was deleted. */
  known: boolean;
  firstSeenAt: Date;
  lastSeenAt: Date;
  removedAt: Date | null;
}

/** A backup whose objects a destination must hold. */
export interface ExpectedBackup {
  id: string;
  /** The folder of the attempt that settled, ending in `/`. */
  prefix: string;
  completedAt: Date;
  /** Whether a look found it damaged, so that another one may find it whole. */
  damaged: boolean;
  /** Of the manifest, whose size is not recorded, and of every file. */
  objects: readonly { key: string; size: number | null }[];
}

/**
 * What the records say of a folder: `settled`, the objects of its backup belong there; `in_use`, somebody writes to it or is
 * about to remove it; `left`, nothing belongs there any more.
 */
export type FolderFate = 'settled' | 'in_use' | 'left';

const probePrefix = 'holdfast-probe-';
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const probePattern = new RegExp(`^${probePrefix}${uuid}$`);
const attemptPattern = new RegExp(`^(${uuid}/\\d{4}/\\d{2}/(${uuid})/a([1-9]\\d{0,8})/)[^/]`);

/** The key of what a trial of a destination writes. */
export const probeKey = (id: string): string => `${probePrefix}${id}`;

/** A trial takes seconds: what bears such a name for longer was left by one that was killed. */
export const isProbeKey = (key: string): boolean => probePattern.test(key);

/** The folder of an attempt that a key lies in, by its form alone; null when it lies in none. */
export function attemptOfKey(key: string): { prefix: string; backupId: string; attempt: number } | null {
  const [, prefix, backupId, attempt] = attemptPattern.exec(key) ?? [];
  if (prefix === undefined || backupId === undefined || attempt === undefined) return null;
  return { prefix, backupId, attempt: Number(attempt) };
}
