import { setTimeout as delay } from 'node:timers/promises';
import { backoffSeconds, type BackoffPolicy, type Ids } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { isPassing, Refused } from './errors.ts';

/** How patiently requests are repeated. */
export interface Pace extends BackoffPolicy {
  /** After so many seconds of failing, a request is given up. */
  patienceSeconds: number;
  /** So long may a connection be idle. */
  idleSeconds: number;
}

export interface Persistence {
  pace: Pace;
  ids: Pick<Ids, 'random'>;
  logger: Logger;
  signal: AbortSignal;
}

/**
 * Repeats a request that failed for a passing reason, with growing pauses that have a random part, until the patience ends.
 * @throws the last failure, or the signal's reason
 */
export async function persist<T>(what: string, options: Persistence, request: () => Promise<T>): Promise<T> {
  const { pace, ids, logger, signal } = options;
  const deadline = performance.now() + pace.patienceSeconds * 1000;
  for (let failures = 1; ; failures += 1) {
    try {
      return await request();
    } catch (error) {
      signal.throwIfAborted();
      const wanted = error instanceof Refused ? (error.retryAfter ?? 0) : 0;
      const pause = Math.max(backoffSeconds(pace, failures, ids.random()), Math.min(wanted, pace.capSeconds));
      if (!isPassing(error) || performance.now() + pause * 1000 > deadline) throw error;
      logger.warn(
        { reason: (error as Error).message, failures, pauseSeconds: pause },
        `${what} failed, will be repeated`,
      );
      await delay(pause * 1000, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  }
}
