import type { Secret } from '@holdfast/shared/domain';

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
