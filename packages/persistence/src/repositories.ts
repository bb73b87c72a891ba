import type {
  Account,
  ApiToken,
  Backup,
  BackupAttempt,
  BackupFile,
  BackupMethod,
  ComputeType,
  Database,
  Destination,
  LocalSettings,
  PublicError,
  Restore,
  S3Settings,
  Schedule,
  Scope,
  Secret,
  Server,
  WorkStatus,
} from '@holdfast/shared/domain';

/** Who works on a unit of work, as the lease names it. */
export interface Lease {
  worker: string;
  seconds: number;
}

/** What a heartbeat learns: go on; the lease was lost to somebody else; or stop because somebody asked for it. */
export type HeartbeatAnswer = 'ok' | 'lost' | 'cancel';

export interface Progress {
  progressBytes: number;
  estimatedBytes: number | null;
}

/** A unit of work that is due and whose doorbell is to be rung. */
export interface Due {
  id: string;
  /** The attempt that a claim would begin. */
  attempt: number;
  requestId: string | null;
}

export interface Failure {
  error: PublicError;
  retryable: boolean;
  /** Seconds until the next attempt may begin, when there is one. */
  retryInSeconds: number;
}

/** What came of one expired lease. */
export interface Reaped {
  id: string;
  attempt: number;
  status: WorkStatus;
}

/**
 * Changes of state of one kind of work. Each method is one guarded statement (or one transaction) on the database's
 * clock; what `transition` in the domain refuses changes no row here.
 */
export interface WorkRepository<T> {
  find(id: string): Promise<T | null>;
  /** Begins the next attempt for a worker, or null when somebody else has it, it is not due, or the same target is being worked on. */
  claim(id: string, lease: Lease): Promise<T | null>;
  /** Begins the oldest work that is due for a remote server, or the one of that id; null when there is none. */
  claimOfServer(serverId: number, silenceSeconds: number, id?: string): Promise<T | null>;
  /**
   * Records that a remote server is at work: its silence counts anew.
   * @param silenceSeconds replaces what was agreed before; null keeps it
   */
  heardOfServer(
    serverId: number,
    id: string,
    heard: { silenceSeconds: number | null; progressBytes: number | null },
  ): Promise<HeartbeatAnswer>;
  /** Extends the lease and records progress. */
  heartbeat(id: string, attempt: number, lease: Lease, progress: Progress): Promise<HeartbeatAnswer>;
  /** Ends the attempt in failure. @returns the new status, or null when the attempt is stale */
  fail(id: string, attempt: number, failure: Failure): Promise<WorkStatus | null>;
  /** Gives the work back uncounted (SIGTERM). @returns false when the attempt is stale */
  handBack(id: string, attempt: number): Promise<boolean>;
  /** Takes up to `limit` due rows that were not rung within `ringAgainSeconds` and marks them as rung. */
  takeDue(limit: number, ringAgainSeconds: number): Promise<Due[]>;
  /** Takes back up to `limit` attempts whose lease has ended. */
  reapExpired(limit: number, retryInSeconds: number): Promise<Reaped[]>;
  /** @returns the new status, or null when it was final already */
  requestCancel(id: string): Promise<WorkStatus | null>;
}

export interface NewBackup {
  /** Known beforehand where a repeated request must find what the first one made. */
  id?: string | undefined;
  databaseId: string;
  /** Null: the database's own destination. */
  destinationId: number | null;
  method: BackupMethod;
  requestId: string | null;
  maxFailures: number;
}

export interface BackupResult {
  files: BackupFile[];
  manifestKey: string;
}

/** `requested`, or why a backup is not deleted now. */
export type DeletionAnswer = 'requested' | 'running' | 'locked' | 'being_restored';

export interface BackupRepository extends WorkRepository<Backup> {
  /** Inserts the row `scheduled`, or finds the one of that id. @returns null when the database is unknown */
  create(backup: NewBackup): Promise<Backup | null>;
  /** Newest first. */
  listOfDatabase(databaseId: string): Promise<Backup[]>;
  findOwned(accountId: number, id: string): Promise<Backup | null>;
  files(backupId: string): Promise<BackupFile[]>;
  filesOf(backupIds: readonly string[]): Promise<BackupFile[]>;
  /** Makes the backup visible as `done` with its files, in one transaction. @returns false when the attempt is stale */
  settle(id: string, attempt: number, result: BackupResult): Promise<boolean>;
  /**
   * Keeps the objects of a failed backup of a remote server from the sweep for a while.
   * @returns the backup, or null when it has not failed, has no attempt, or its objects are being removed
   */
  reserveRevival(id: string): Promise<Backup | null>;
  /** Makes a failed backup of a remote server `done` after all. @returns false when that cannot be any more */
  revive(id: string, attempt: number, result: BackupResult): Promise<boolean>;
  /** @returns null when it is unknown */
  setLocked(accountId: number, id: string, locked: boolean): Promise<Backup | null>;
  /**
   * Hides a backup and has its objects removed; one that waits is cancelled.
   * @returns what stands in the way, or null when it is unknown
   */
  requestDeletion(accountId: number, id: string, requestId?: string): Promise<DeletionAnswer | null>;
  /**
   * Takes up to `limit` backups whose objects are to be removed, each with the request that asked for it; marks them as rung
   * like `takeDue`.
   */
  takeDeletable(limit: number, ringAgainSeconds: number): Promise<Pick<Backup, 'id' | 'requestId'>[]>;
  /** A backup whose objects are still to be removed, with the folders of all its attempts. */
  findDeletable(id: string): Promise<{ backup: Backup; attempts: BackupAttempt[] } | null>;
  /** Records why the objects could not be removed; it is tried again. */
  deletionFailed(id: string, error: PublicError): Promise<void>;
  /** Records that no object is left. The last backup of a destination that is being removed takes the destination along. */
  markDeleted(id: string): Promise<void>;
  /** Records that the stored object was found missing or different. */
  markDamaged(id: string): Promise<void>;
  /**
   * Ended attempts that did not settle and may have left objects; due `delaySeconds` after their end. Marks them as rung like
   * `takeDue`.
   */
  takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<BackupAttempt[]>;
  findAttempt(backupId: string, attempt: number): Promise<BackupAttempt | null>;
  markSwept(backupId: string, attempt: number): Promise<void>;
}

export type NewRestore = Pick<
  Restore,
  'backupId' | 'databaseId' | 'target' | 'ownership' | 'fileIds' | 'requestId' | 'maxFailures'
> & {
  /** Known beforehand where a repeated request must find what the first one made. */
  id?: string | undefined;
  compute?: ComputeType | null;
  /** The remote server that does it; absent: our workers. */
  serverId?: number | null;
};

export interface RestoreRepository extends WorkRepository<Restore> {
  /** Inserts the row `scheduled`, or finds the one of that id. @returns `busy` while another restore onto the same target is scheduled or pending; null when an id is unknown */
  create(restore: NewRestore): Promise<Restore | 'busy' | null>;
  findOwned(accountId: number, id: string): Promise<Restore | null>;
  settle(id: string, attempt: number, outcome: string): Promise<boolean>;
  /** The restore of a backup that a remote server is at. */
  findRunningOfServer(serverId: number, backupId: string): Promise<Restore | null>;
}

export type NewDatabase = Omit<Database, 'id' | 'accountId' | 'serverId' | 'createdAt' | 'updatedAt'> & {
  /** The remote server that backs it up; absent: our workers. */
  serverId?: number | null;
};

export interface DatabaseRepository {
  /** @returns `name_taken` when the account has a database of that name */
  create(accountId: number, database: NewDatabase): Promise<Database | 'name_taken'>;
  find(id: string): Promise<Database | null>;
  /** By id or by name. */
  findOwned(accountId: number, idOrName: string): Promise<Database | null>;
  list(accountId: number): Promise<Database[]>;
  /** @returns null when it is unknown */
  update(accountId: number, id: string, change: Partial<NewDatabase>): Promise<Database | 'name_taken' | null>;
  /** @returns the number of backups that stand in the way (nothing is deleted then), or 0 when it was deleted; null when unknown */
  delete(accountId: number, id: string): Promise<number | null>;
}

export type NewDestination =
  | { label: string; type: 's3' | 'custom_s3'; settings: S3Settings; accessKey: Secret; secretKey: Secret }
  | { label: string; type: 'local'; settings: LocalSettings };

export interface Page<T> {
  items: T[];
  total: number;
}

export interface DestinationRepository {
  create(accountId: number, destination: NewDestination): Promise<Destination>;
  find(id: number): Promise<Destination | null>;
  findOwned(accountId: number, id: number): Promise<Destination | null>;
  /** Newest first. `page` counts from 1. */
  list(accountId: number, page: number, perPage: number): Promise<Page<Destination>>;
  /** The account's oldest destination. */
  findDefault(accountId: number): Promise<Destination | null>;
  /** Replaces everything but id, account and creation time. @returns null when it is unknown */
  replace(accountId: number, id: number, destination: NewDestination): Promise<Destination | null>;
  /** Backups whose objects it holds, or may hold. */
  countBackups(id: number): Promise<number>;
  /** @returns what uses it (nothing is deleted then); null when unknown */
  delete(accountId: number, id: number): Promise<DestinationUses | null>;
  /**
   * Hides a destination and has the objects of all its backups removed, then the destination itself. Does nothing while a
   * database or schedule uses it, or while one of its backups cannot be deleted.
   * @returns what uses it; null when unknown
   */
  requestDeletion(accountId: number, id: number, requestId?: string): Promise<DestinationUses | null>;
}

export interface DestinationUses {
  backups: number;
  /** Those of the backups that wait, run, are locked or are being restored. */
  busyBackups: number;
  databases: number;
  schedules: number;
}

/** An upload that a remote server makes by presigned links. */
export interface RemoteUpload {
  backupId: string;
  attempt: number;
  key: string;
  uploadId: string;
  /** What the server announced, in bytes. */
  size: number;
  partSize: number;
  createdAt: Date;
}

export interface RemoteUploadRepository {
  find(backupId: string): Promise<RemoteUpload | null>;
  /** Makes this the backup's upload. @returns the one before, or null */
  replace(upload: Omit<RemoteUpload, 'createdAt'>): Promise<RemoteUpload | null>;
  /** Lets only one at a time put a backup's upload together. @returns false while another does, or when there is none */
  beginCompleting(backupId: string, seconds: number): Promise<boolean>;
  endCompleting(backupId: string): Promise<void>;
}

export interface ServerRepository {
  /** @returns the server and its whole token `<id>.<secret>`, which is stored nowhere and shown once */
  create(accountId: number, name: string): Promise<{ server: Server; token: Secret } | 'name_taken'>;
  list(accountId: number): Promise<Server[]>;
  findOwned(accountId: number, id: number): Promise<Server | null>;
  /** The server of a token, and records that it was seen (at most once a minute). */
  authenticate(tokenId: string, secret: Secret): Promise<Server | null>;
  /** @returns the number of databases and of waiting or running work that need it (nothing is deleted then), or 0; null when unknown */
  delete(accountId: number, id: number): Promise<number | null>;
}

export type NewSchedule = Pick<
  Schedule,
  | 'databaseId'
  | 'destinationId'
  | 'cron'
  | 'timezone'
  | 'retention'
  | 'enabled'
  | 'catchUp'
  | 'overlap'
  | 'jitterSeconds'
  | 'isPeriodicSetting'
>;

/** What became of one due schedule. */
export interface Tick {
  scheduleId: string;
  scheduledFor: Date;
  /** Null when the tick was skipped. */
  backupId: string | null;
}

export interface ScheduleRepository {
  /** Sets `nextRunAt` from the cron expression and the database's clock. @returns null when the database is not the account's */
  create(accountId: number, schedule: NewSchedule): Promise<Schedule | null>;
  findOwned(accountId: number, databaseId: string, id: string): Promise<Schedule | null>;
  findPeriodicSetting(databaseId: string): Promise<Schedule | null>;
  list(databaseId: string): Promise<Schedule[]>;
  update(accountId: number, id: string, change: Partial<NewSchedule>): Promise<Schedule | null>;
  delete(accountId: number, id: string): Promise<boolean>;
  /**
   * Takes up to `limit` due schedules (`FOR UPDATE SKIP LOCKED`) and, in one transaction for each, inserts the backups of the ticks
   * that its policies ask for under `UNIQUE (schedule_id, scheduled_for)` and advances `nextRunAt`. Any number of
   * schedulers may call it at once: each tick makes exactly one backup.
   */
  takeDue(limit: number, maxFailures: number): Promise<Tick[]>;
}

export interface NewToken {
  name: string;
  scopes: Scope[];
  expiresAt: Date | null;
}

export interface AccountRepository {
  create(name: string): Promise<Account>;
  find(id: number): Promise<Account | null>;
  findByName(name: string): Promise<Account | null>;
  /** @returns the token itself, which is stored nowhere and shown once */
  createToken(accountId: number, token: NewToken): Promise<{ token: ApiToken; secret: Secret }>;
  /** Finds a token that is neither expired nor revoked and records its use (at most once a minute). */
  authenticate(secret: Secret): Promise<ApiToken | null>;
  /** Newest first, revoked and expired ones too. */
  listTokens(accountId: number): Promise<ApiToken[]>;
  findToken(accountId: number, tokenId: string): Promise<ApiToken | null>;
  /**
   * Ends a token at once; one that is revoked already stays so.
   * @param keep `an_admin` refuses to revoke the account's last valid token with the scope `admin`
   * @returns null when it is unknown
   */
  revokeToken(accountId: number, tokenId: string, keep: 'an_admin' | 'none'): Promise<'revoked' | 'last_admin' | null>;
}

/** How often one client called within its present window. */
export interface RequestRate {
  hits: number;
  /** Seconds until the window ends. */
  endsIn: number;
}

/** Counts of requests that all API processes share. */
export interface RequestRateRepository {
  /** Counts one more, and begins a window of that length when none runs. */
  count(key: string, windowSeconds: number): Promise<RequestRate>;
  /** Takes one back from the window that runs. */
  uncount(key: string): Promise<void>;
  forget(key: string): Promise<void>;
}

/** A creating request that its client may repeat. */
export interface RepeatableRequest {
  accountId: number;
  /** The client's name for it, unique within the account. */
  key: string;
  /** Tells it from other requests that carry the same key. */
  fingerprint: string;
}

/** A request that holds its key. */
export interface HeldKey {
  accountId: number;
  key: string;
  /** Of what the request makes; the same for every try of it. */
  resourceId: string;
  /** When the try began, in the database's own notation: a later try of the request has another. */
  begunAt: string;
}

/**
 * What a key means to a request: it holds the key now; an earlier try of it still runs; it was answered before; or the key
 * belongs to another request.
 */
export type KeyState =
  | { state: 'held'; held: HeldKey }
  | { state: 'running' }
  | { state: 'answered'; status: number; answer: Secret }
  | { state: 'taken' };

export interface IdempotencyRepository {
  /**
   * Takes the key for a request. A key is free when it is new or older than a day, or when its request did not end within
   * `patienceSeconds`: its process is gone, and the same request goes on with the same `resourceId`.
   */
  begin(request: RepeatableRequest, patienceSeconds: number): Promise<KeyState>;
  /** Keeps the answer, sealed. Does nothing when the key was taken over meanwhile. */
  keep(held: HeldKey, status: number, answer: Secret): Promise<void>;
  /**
   * Frees the key.
   * @param made `nothing`, or `perhaps` something: then the same request finds its `resourceId` again
   */
  release(held: HeldKey, made: 'nothing' | 'perhaps'): Promise<void>;
}

/** Everything that is kept, over one connection pool. */
export interface Persistence {
  accounts: AccountRepository;
  databases: DatabaseRepository;
  destinations: DestinationRepository;
  schedules: ScheduleRepository;
  backups: BackupRepository;
  restores: RestoreRepository;
  servers: ServerRepository;
  remoteUploads: RemoteUploadRepository;
  requestRates: RequestRateRepository;
  idempotency: IdempotencyRepository;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
