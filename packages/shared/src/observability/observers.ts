import type { EngineType } from '../domain/engine.ts';
import type { ErrorCode } from '../domain/errors.ts';

/** One attempt at work, as it ended. */
export interface AttemptEnd {
  kind: 'backup' | 'restore' | 'verification' | 'run';
  /** Null when it ended before that was known. */
  engine: EngineType | null;
  /**
   * `retried`: it failed and will be tried again; `failed`: for good; `lost`: its lease was lost, so that its end does not
   * count; `unrecorded`: nobody heard of its end before its lease ran out.
   */
  outcome: 'done' | 'retried' | 'failed' | 'handed_back' | 'lost' | 'unrecorded';
  /** Of the error, unless it is done. */
  code: ErrorCode | null;
  seconds: number;
  /** What was read: of a backup the dump as the database gave it, of a restore or a verification what was stored. */
  bytes: number;
  /** What a backup that is done takes up in its store. */
  storedBytes: number | null;
}

/** One HTTP request to an object store. */
export interface StoreRequestEnd {
  /** As S3 calls it: `PutObject`. */
  operation: string;
  /** `ok`, or what went wrong: one of few words, whatever the store answers. */
  code: string;
  seconds: number;
}

export interface HookRunEnd {
  phase: string;
  type: string;
  outcome: 'done' | 'failed';
  seconds: number;
}

/** One request to the API. */
export interface RequestEnd {
  /** The template of the route's path, never the path. */
  route: string;
  method: string;
  status: number;
  seconds: number;
}

/** One turn of a loop. */
export interface TurnEnd {
  loop: string;
  ok: boolean;
  seconds: number;
}

/** Who counts and measures what ends. Called through `observe` alone. */
export interface Observers {
  attemptEnded(end: AttemptEnd): void;
  storeRequestEnded(end: StoreRequestEnd): void;
  hookRunEnded(end: HookRunEnd): void;
  requestEnded(end: RequestEnd): void;
  turnEnded(end: TurnEnd): void;
}

/** Tells an observer of what ended. Whatever it throws stays here: no work fails because nobody could count it. */
export function observe(tell: () => void): void {
  try {
    tell();
  } catch {
    // A number is missing somewhere; the work that it was to count is not.
  }
}
