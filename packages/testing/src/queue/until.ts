import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until the condition holds. @throws Error naming what did not happen in time */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Did not happen within ${limitMs} ms: ${what}.`);
    await delay(20);
  }
}
