import type {
  Verdict,
  Verification,
  VerificationAttempt,
  VerificationCause,
  VerificationLevel,
} from '@holdfast/shared/domain';
import type { WorkRepository } from './work.ts';

export interface NewVerification {
  /** Known beforehand where a repeated request must find what the first one made. */
  id?: string | undefined;
  backupId: string;
  /** The registered database on whose server the scratch database is made; null: the backup's own. */
  scratchDatabaseId: string | null;
  cause: VerificationCause;
  level: VerificationLevel;
  requestId: string | null;
  maxFailures: number;
}

export interface VerificationRepository extends WorkRepository<Verification> {
  /**
   * Inserts the row `scheduled`, or finds the one of that id.
   * @returns `busy` while another verification of the backup waits or runs; `not_done` when it is no whole backup; null when an id is unknown
   */
  create(verification: NewVerification): Promise<Verification | 'busy' | 'not_done' | null>;
  findOwned(accountId: number, id: string): Promise<Verification | null>;
  /** Newest first. */
  listOfBackup(backupId: string): Promise<Verification[]>;
  /** Those of a database's backups that are not deleted, up to `limit`, newest first. */
  listOfDatabase(databaseId: string, limit: number): Promise<Verification[]>;
  /**
   * Records the verdict on the verification and, in the same transaction, on its backup: what is proven of it now, when, and
   * its damage or that it has none. @param bytes how many were read; as the last heartbeat said when absent
   * @returns false when the attempt is stale
   */
  settle(id: string, attempt: number, verdict: Verdict, bytes?: number): Promise<boolean>;
  /**
   * Inserts up to `limit` verifications that the policies of schedules ask for, and those of backups that nobody looked at for
   * `recheckSeconds`. Any number of schedulers may call it at once. @returns how many
   */
  plan(limit: number, recheckSeconds: number, maxFailures: number): Promise<number>;
  /** Verifications that ended and may have left a scratch database; like `RestoreRepository.takeSweepable`. */
  takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<VerificationAttempt[]>;
  /** Records that one has left nothing. */
  markSwept(verificationId: string): Promise<void>;
}
