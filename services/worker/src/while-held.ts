import { setTimeout as delay } from 'node:timers/promises';
import { within } from './within.ts';

const firstPauseMs = 250;
const longestPauseMs = 4000;
const shortestTryMs = 1000;

/**
 * Repeats an action that may fail because the database is away for a moment, as long as the lease lasts; at least once.
 * @returns null when it never succeeded
 */
export async function whileHeld<A>(
  lease: { remainingMs(): number },
  action: () => Promise<A>,
  onFailure: (error: unknown) => void,
): Promise<A | null> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await within(Math.max(lease.remainingMs(), shortestTryMs), action());
    } catch (error) {
      onFailure(error);
    }
    if (lease.remainingMs() <= pauseMs) return null;
    await delay(pauseMs);
  }
}
