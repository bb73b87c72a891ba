import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again and again until the answer is neither null, undefined nor false, and returns it.
 * @param what completes "gave up waiting for …"
 * @param explain is added to the error, such as a service's log
 * @throws Error after `seconds`
 */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  explain: () => string = () => '',
  pauseMs = 50,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`Gave up waiting for ${what} after ${seconds} s. ${explain()}`);
    await delay(pauseMs);
  }
}
