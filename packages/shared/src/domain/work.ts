import { HoldfastError, type PublicError } from './errors.ts';

/**
 * The life of a unit of work (a backup or a restore). The four words are the only ones in the database and in the
 * database dialect; other dialects translate at their edge.
 */
export const workStatuses = ['scheduled', 'pending', 'done', 'error'] as const;
export type WorkStatus = (typeof workStatuses)[number];

/** The fields of a row that decide who may do what with it. */
export interface WorkState {
  status: WorkStatus;
  /** How often the work was claimed; the fencing number of the present attempt. Never goes down. */
  attempt: number;
  /** How many attempts ended in a failure that counts (a worker that hands back on SIGTERM does not count). */
  failures: number;
  /** At this many failures the work ends as `error`. */
  maxFailures: number;
  /** Not to be claimed before. */
  runAfter: Date;
  leaseOwner: string | null;
  leaseUntil: Date | null;
  /** The remote server whose work it is; null: our workers'. */
  serverId: number | null;
  /** Seconds of silence after which the work of a remote server counts as abandoned; null before it has begun. */
  silenceSeconds: number | null;
  cancelRequestedAt: Date | null;
  error: PublicError | null;
}

/**
 * How long the work of a remote server goes on at most after it was cancelled, in seconds. One that sends heartbeats hears
 * it by then; one that sends none would keep its work for hours.
 */
export const remoteCancelSeconds = 60;

/** One attempt, as it is kept. */
export interface WorkAttempt {
  /** From 1. */
  attempt: number;
  worker: string;
  startedAt: Date;
  endedAt: Date | null;
  /** Whether it is the one that made the work `done`. */
  settled: boolean;
  /** Plain bytes that it had come to when it ended. */
  bytes: number;
  /** Why it ended without settling. */
  error: PublicError | null;
}

export type WorkEvent =
  | { type: 'claim'; at: Date; worker: string; serverId: number | null; leaseUntil: Date }
  | { type: 'heartbeat'; at: Date; attempt: number; leaseUntil: Date }
  | { type: 'settle'; at: Date; attempt: number }
  | { type: 'revive'; at: Date; attempt: number }
  | { type: 'fail'; at: Date; attempt: number; error: PublicError; retryable: boolean; retryAt: Date }
  | { type: 'handBack'; at: Date; attempt: number }
  | { type: 'expireLease'; at: Date; retryAt: Date }
  | { type: 'cancel'; at: Date; remoteEndsAt: Date };

export type Refusal =
  | 'not_scheduled'
  | 'not_theirs'
  | 'not_due'
  | 'not_pending'
  | 'stale_attempt'
  | 'lease_valid'
  | 'final'
  | 'cancel_requested'
  | 'not_failed';
export type Transition = { accepted: true; state: WorkState } | { accepted: false; reason: Refusal };

const cancelled = new HoldfastError('cancelled').toPublic();
const leaseExpired = new HoldfastError('lease_expired').toPublic();
const abandoned = new HoldfastError('abandoned').toPublic();

/**
 * The rules of the life of a backup and of a restore. The repository's guarded statements do exactly this; a test runs
 * random histories through both and compares.
 */
export function transition(state: WorkState, event: WorkEvent): Transition {
  switch (event.type) {
    case 'claim':
      if (state.status !== 'scheduled') return refuse('not_scheduled');
      if (state.serverId !== event.serverId) return refuse('not_theirs');
      if (state.runAfter > event.at) return refuse('not_due');
      return accept({
        ...state,
        status: 'pending',
        attempt: state.attempt + 1,
        leaseOwner: event.worker,
        leaseUntil: event.leaseUntil,
      });
    case 'heartbeat':
      if (state.status !== 'pending') return refuse('not_pending');
      if (state.attempt !== event.attempt) return refuse('stale_attempt');
      if (state.cancelRequestedAt) return refuse('cancel_requested');
      return accept({ ...state, leaseUntil: event.leaseUntil });
    case 'settle':
      if (state.status !== 'pending') return refuse('not_pending');
      if (state.attempt !== event.attempt) return refuse('stale_attempt');
      return accept({ ...state, ...noLease, status: 'done', error: null });
    case 'revive':
      // What a remote server stored after it was given up, or after it had reported a failure, is good all the same.
      if (state.status !== 'error' || state.serverId === null || state.attempt === 0) return refuse('not_failed');
      if (state.attempt !== event.attempt) return refuse('stale_attempt');
      // Whoever was told that it is cancelled was told the truth.
      if (state.cancelRequestedAt) return refuse('cancel_requested');
      return accept({ ...state, status: 'done', error: null });
    case 'fail':
      if (state.status !== 'pending') return refuse('not_pending');
      if (state.attempt !== event.attempt) return refuse('stale_attempt');
      return accept(afterFailure(state, event.error, event.retryable, event.retryAt));
    case 'handBack':
      if (state.status !== 'pending') return refuse('not_pending');
      if (state.attempt !== event.attempt) return refuse('stale_attempt');
      if (state.cancelRequestedAt) return accept({ ...state, ...noLease, status: 'error', error: cancelled });
      return accept({ ...state, ...noLease, status: 'scheduled', runAfter: event.at });
    case 'expireLease':
      if (state.status !== 'pending') return refuse('not_pending');
      if (state.leaseUntil !== null && state.leaseUntil >= event.at) return refuse('lease_valid');
      if (state.serverId !== null) return accept(afterFailure(state, abandoned, false, event.retryAt));
      return accept(afterFailure(state, leaseExpired, true, event.retryAt));
    case 'cancel':
      if (state.status === 'done' || state.status === 'error') return refuse('final');
      if (state.status === 'scheduled') {
        return accept({ ...state, status: 'error', cancelRequestedAt: event.at, error: cancelled });
      }
      return accept({
        ...state,
        cancelRequestedAt: state.cancelRequestedAt ?? event.at,
        leaseUntil: state.serverId === null ? state.leaseUntil : earlier(state.leaseUntil, event.remoteEndsAt),
      });
  }
}

function afterFailure(state: WorkState, error: PublicError, retryable: boolean, retryAt: Date): WorkState {
  const failures = state.failures + 1;
  if (state.cancelRequestedAt) return { ...state, ...noLease, failures, status: 'error', error: cancelled };
  if (retryable && failures < state.maxFailures) {
    return { ...state, ...noLease, failures, status: 'scheduled', runAfter: retryAt, error };
  }
  return { ...state, ...noLease, failures, status: 'error', error };
}

const earlier = (a: Date | null, b: Date): Date => (a !== null && a < b ? a : b);
const noLease = { leaseOwner: null, leaseUntil: null } as const;
const accept = (state: WorkState): Transition => ({ accepted: true, state });
const refuse = (reason: Refusal): Transition => ({ accepted: false, reason });

export interface BackoffPolicy {
  /** Delay before the second attempt, in seconds. */
  baseSeconds: number;
  /** No delay is longer, in seconds. */
  capSeconds: number;
}

/**
 * Seconds to wait before the next attempt: doubles with each failure up to the cap, then "equal jitter" (half fixed, half
 * random), so that work that failed together does not return together.
 * @param failures failures so far, this one included (1 or more)
 * @param random a number in [0, 1)
 */
export function backoffSeconds(policy: BackoffPolicy, failures: number, random: number): number {
  const full = Math.min(policy.capSeconds, policy.baseSeconds * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random;
}
