import type { AuditedAction, AuditEntry, AuditOutcome } from '@holdfast/shared/domain';

export interface AuditFilter {
  /** Only entries before this position. */
  before: number | null;
  /** An action, or the object of actions (`database` for `database.create` and others). */
  action: string | null;
  /** The id of an object. */
  objectId: string | null;
  limit: number;
}

/** What was found of a log from its first entry on. */
export interface AuditVerification {
  /** How many entries were found in order. */
  entries: number;
  /** The hash of the last of these; null where there is none. */
  head: string | null;
  /** The first entry that is not as it was written; null where all are. */
  broken: { position: number; problem: string } | null;
  /** Those of the hashes sought that an entry has. */
  found: string[];
}

/** A log that nobody changes: see docs/audit.md. */
export interface AuditRepository {
  /**
   * Notes that something is about to be done, so that it is in the log even if this process ends before it is over.
   * @returns what to end it by
   */
  begin(action: AuditedAction): Promise<string>;
  /** Enters what was begun, as it ended. */
  end(begun: string, action: AuditedAction, outcome: AuditOutcome): Promise<void>;
  /** Forgets what was begun, because nothing was done. */
  drop(begun: string): Promise<void>;
  /** Enters something that is over. */
  enter(action: AuditedAction, outcome: AuditOutcome): Promise<void>;
  /** Newest first, of one account or, for null, of the installation. */
  list(accountId: number | null, filter: AuditFilter): Promise<AuditEntry[]>;
  /** Looks at every entry of a log. @param sought hashes that were kept elsewhere */
  verify(accountId: number | null, sought?: readonly string[]): Promise<AuditVerification>;
}
