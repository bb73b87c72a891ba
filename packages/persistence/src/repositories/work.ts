import type { PublicError, WorkAttempt, WorkStatus } from '@holdfast/shared/domain';

/** Who works on a unit of work, as the lease names it. */
export interface Lease {
  worker: string;
  seconds: number;
  /** The kinds of databases that it knows; absent: all. */
  engines?: readonly string[];
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
  /** How many rings for it came to nothing because it did not fit just then. */
  refusals: number;
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
  /**
   * Begins the next attempt for a worker, or null when somebody else has it, it is not due, the same target is being worked
   * on, or it would exceed a limit; where it still waits it is to be rung for anew.
   */
  claim(id: string, lease: Lease): Promise<T | null>;
  /**
   * Leaves work on a kind of database that is none of `engines` to other workers: it stays `scheduled`, counts no attempt and no
   * failure, says what it waits for, and is rung for again after a while.
   * @returns that kind; null when it is none that is unknown, or not due
   */
  setAside(id: string, engines: readonly string[]): Promise<string | null>;
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
  /**
   * Ends the attempt in failure.
   * @param bytes what it came to; without it what the last heartbeat knew counts
   * @returns the new status, or null when the attempt is stale
   */
  fail(id: string, attempt: number, failure: Failure, bytes?: number): Promise<WorkStatus | null>;
  /** Gives the work back uncounted (SIGTERM); `bytes` as for `fail`. @returns false when the attempt is stale */
  handBack(id: string, attempt: number, bytes?: number): Promise<boolean>;
  /**
   * Marks as rung what is to begin next, in the fair order of docs/limits.md, and what was rung longer ago than
   * `ringAgainSeconds`. No more than `ahead` rows, or as many as run now, are rung for and have not begun.
   * @returns best first; nothing while another process decides
   */
  takeDue(ahead: number, ringAgainSeconds: number): Promise<Due[]>;
  /** Marks one row as rung when it fits and nothing waits before it; null otherwise: `takeDue` will say when it is its turn. */
  takeNew(id: string): Promise<Due | null>;
  /** Takes back up to `limit` attempts whose lease has ended. */
  reapExpired(limit: number, retryInSeconds: number): Promise<Reaped[]>;
  /**
   * Ends work that waits, and asks whoever runs it to end it. A remote server keeps it for `remoteCancelSeconds` at most.
   * @returns the new status, or null when it was final already
   */
  requestCancel(id: string): Promise<WorkStatus | null>;
  /** Whether somebody asked to cancel the attempt, which still runs. */
  isCancelRequested(id: string, attempt: number): Promise<boolean>;
  /** The attempts of each of the works, in their order; absent for work that none was begun of. */
  attemptsOf(ids: readonly string[]): Promise<Map<string, WorkAttempt[]>>;
}
