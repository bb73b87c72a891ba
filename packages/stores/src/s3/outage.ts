import { setTimeout as delay } from 'node:timers/promises';
import { backoffSeconds, HoldfastError, type BackoffPolicy, type Clock, type Ids } from '@holdfast/shared/domain';
import { abortError } from '../streams.ts';
import { isAway } from './errors.ts';

interface PatienceOptions {
  /** Seconds that the store may be away in the middle of a piece of work; 0 to fail at once. */
  patienceSeconds: number;
  /** Pauses between trials. */
  pauses: BackoffPolicy;
  /** Trials, beside the first, of what fails again and again although the store is there. */
  furtherTrials: number;
  clock: Clock;
  ids: Ids;
}

/**
 * How long one opened store may be away. Only a store that has answered once is waited for: a wrong endpoint or one that
 * was away from the start is to be known at once.
 */
export class Patience {
  readonly options: PatienceOptions;
  wasReached = false;

  constructor(options: PatienceOptions) {
    this.options = options;
  }

  none(): Patience {
    return new Patience({ ...this.options, patienceSeconds: 0 });
  }

  /** For one piece of work, such as an upload with all its parts. */
  begin(): Outage {
    return new Outage(this);
  }
}

/** What one thing that is tried again and again has met so far. */
export interface Trials {
  /** Failures of a store that was there. */
  refusals: number;
}

/** What one piece of work hears of the store: since when it is away, and whether it is still to be waited for. */
export class Outage {
  readonly #patience: Patience;
  /** `performance.now()` of the first failure that no success has followed; a part on its way may have moved until then. */
  #awaySince: number | null = null;
  #failures = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  get isAway(): boolean {
    return this.#awaySince !== null;
  }

  /** Repeats a call until it succeeds, fails for good, or the patience is over. */
  async call<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    for (const trials: Trials = { refusals: 0 }; ;) {
      try {
        const result = await run();
        this.heard();
        return result;
      } catch (error) {
        await this.missed(error, trials, signal);
      }
    }
  }

  heard(): void {
    this.#patience.wasReached = true;
    this.#awaySince = null;
    this.#failures = 0;
  }

  /** Waits before the next trial, or throws when there is to be none. */
  async missed(error: unknown, trials: Trials, signal: AbortSignal): Promise<void> {
    const { patienceSeconds, pauses, furtherTrials, ids } = this.#patience.options;
    if (signal.aborted) throw abortError(signal);
    if (!(error instanceof HoldfastError) || !error.retryable) throw error;
    if (patienceSeconds === 0 || !this.#patience.wasReached) throw error;
    let leftMs = Infinity;
    if (isAway(error)) {
      this.#awaySince ??= performance.now();
      leftMs = this.#awaySince + patienceSeconds * 1000 - performance.now();
      if (leftMs <= 0) throw this.#gaveUp(error, this.#awaySince);
    } else {
      trials.refusals += 1;
      if (trials.refusals > furtherTrials) throw error;
    }
    this.#failures += 1;
    const pauseMs = backoffSeconds(pauses, this.#failures, ids.random()) * 1000;
    try {
      await delay(Math.min(pauseMs, leftMs), undefined, { signal });
    } catch {
      throw abortError(signal);
    }
  }

  #gaveUp(error: HoldfastError, since: number): HoldfastError {
    const { clock, patienceSeconds } = this.#patience.options;
    const at = new Date(clock.now().getTime() - (performance.now() - since));
    return new HoldfastError(
      'store_unreachable',
      `${error.message} The store has been away since ${at.toISOString()}, for longer than the ${patienceSeconds} seconds of HOLDFAST_STORE_PATIENCE_SECONDS.`,
      { cause: error },
    );
  }
}
