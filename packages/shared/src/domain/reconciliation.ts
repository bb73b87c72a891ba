import type { PublicError } from './errors.ts';

/** The last comparison of the catalogue with what a destination holds. */
export interface Reconciliation {
  destinationId: number;
  /** Set while somebody waits for one. */
  requestedAt: Date | null;
  startedAt: Date | null;
  endedAt: Date | null;
  /** What the destination held. */
  objects: number | null;
  bytes: number | null;
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
