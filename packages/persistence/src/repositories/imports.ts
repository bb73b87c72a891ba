import type {
  Backup,
  BackupFile,
  Damage,
  EngineType,
  Import,
  ImportReport,
  PublicError,
} from '@holdfast/shared/domain';
import type { DestinationRunRepository, DueRun } from './destination-runs.ts';

/** A backup as its manifest describes it. */
export interface FoundBackup {
  backup: Pick<
    Backup,
    | 'id'
    | 'databaseId'
    | 'scheduleId'
    | 'scheduledFor'
    | 'method'
    | 'name'
    | 'createdAt'
    | 'manifestKey'
    | 'manifestSha256'
    | 'recipients'
    | 'warnings'
    | 'part'
    | 'objectLockedUntil'
  > & { startedAt: Date; completedAt: Date; attempt: number };
  engine: EngineType;
  /** The registered database's name, and its name on the server. */
  databaseName: string;
  database: string;
  files: BackupFile[];
  /** What was found wrong with its objects; null when they are there with their sizes. */
  damage: Damage | null;
}

/** What became of a found backup; `refused` with the reason, a sentence. */
export type Taken =
  { state: 'imported'; newDatabase: boolean } | { state: 'known' } | { state: 'refused'; reason: string };

export interface ImportRepository extends DestinationRunRepository {
  find(destinationId: number): Promise<Import | null>;
  /** Asks for a run; one that is asked for or runs already answers for this one too. @returns null when the destination is unknown */
  request(accountId: number, destinationId: number, requestId: string | null): Promise<Import | null>;
  /** Destinations whose run was asked for and whose doorbell is to be rung; marks them as rung. */
  takeDue(limit: number, ringAgainSeconds: number): Promise<DueRun[]>;
  /** @returns false when the run is stale */
  end(
    destinationId: number,
    run: number,
    result: { report: ImportReport | null; error: PublicError | null },
  ): Promise<boolean>;
  /** Takes one backup over into the account of the destination, with its database where that is not known. Idempotent. */
  take(destinationId: number, found: FoundBackup): Promise<Taken>;
}
