import type {
  ExpectedBackup,
  FolderFate,
  Orphan,
  Place,
  PublicError,
  Reconciliation,
  ReconciliationReport,
} from '@holdfast/shared/domain';
import type { DestinationRunRepository, DueRun } from './destination-runs.ts';

/** What a destination was found to hold that no record owns. */
export type FoundOrphan = Pick<Orphan, 'kind' | 'key' | 'uploadId' | 'size' | 'known'>;

/** Identifies what was found within its destination. */
export type OrphanKey = Pick<Orphan, 'kind' | 'key' | 'uploadId'>;

/** An attempt that a key's form names. */
export interface NamedAttempt {
  backupId: string;
  attempt: number;
}

/** What the records say of the folder of an attempt. */
export interface KnownFolder {
  prefix: string;
  fate: FolderFate;
  destinationId: number;
  accountId: number;
  /** Of the objects that belong there; of a `settled` one alone. */
  keys: readonly string[];
}

/** Where some destination of some account keeps its objects. */
export type DestinationPlace = Place & { id: number; accountId: number };

export interface ReconciliationRepository extends DestinationRunRepository {
  /** Null before the destination was ever looked at. */
  find(destinationId: number): Promise<Reconciliation | null>;
  /** Has a destination compared as soon as possible. */
  request(destinationId: number, requestId: string): Promise<void>;
  /**
   * Takes up to `limit` destinations that are due, less those that are being compared, and marks them as rung. A new
   * destination comes first at some time within the period, so that not all come at once.
   */
  takeDue(limit: number, periodSeconds: number, ringAgainSeconds: number): Promise<DueRun[]>;
  /** Ends a run with what it found, and with why it could not be brought to its end. @returns false when its lease was lost */
  end(
    destinationId: number,
    run: number,
    result: { report: ReconciliationReport | null; error: PublicError | null },
    againInSeconds: number,
  ): Promise<boolean>;
  /** Of every destination of every account. */
  places(): Promise<DestinationPlace[]>;
  /** The backups whose objects a destination must hold, in the order of the bytes of their folders, after `prefix`. */
  expected(destinationId: number, prefix: string, limit: number): Promise<ExpectedBackup[]>;
  /** What the records say of the folders of these attempts; an attempt that they do not know is left out. */
  folders(destinationIds: readonly number[], found: readonly NamedAttempt[]): Promise<KnownFolder[]>;
  /** Records what is there; what was seen before keeps the time when it was seen first. */
  recordOrphans(destinationId: number, found: readonly FoundOrphan[]): Promise<void>;
  /** Forgets what was not seen since a run began, and in the end what was removed. */
  forgetOrphans(destinationId: number, run: number): Promise<void>;
  /** What is ours to remove, was seen in this run and first seen that long ago; in the order of their keys, after one. */
  removableOrphans(
    destinationId: number,
    run: number,
    graceSeconds: number,
    after: OrphanKey | null,
    limit: number,
  ): Promise<Orphan[]>;
  orphanRemoved(destinationId: number, orphan: OrphanKey): Promise<void>;
  /** The latest first. */
  orphans(destinationId: number, limit: number): Promise<Orphan[]>;
}
