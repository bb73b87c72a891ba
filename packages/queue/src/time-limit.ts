import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/shared/domain';

/** How long a call to the queue may take, in milliseconds: with what surrounds it, callers hear back within two seconds. */
const callLimitMs = 1800;

/** How long one command or statement of such a call may take, so that none piles up behind a server that hangs. */
export const commandLimitMs = 1500;

/**
 * BullMQ waits without end for a server that was never up, so whoever calls it from a request needs this.
 * @throws HoldfastError timed_out
 */
export async function withinLimit<T>(work: Promise<T>, limitMs: number = callLimitMs): Promise<T> {
  const ended = new AbortController();
  const late = async (): Promise<never> => {
    await delay(limitMs, undefined, { signal: ended.signal });
    throw new HoldfastError('timed_out', `The queue did not answer within ${limitMs} ms.`);
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    ended.abort();
  }
}
