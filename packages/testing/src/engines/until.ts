import { setTimeout as delay } from 'node:timers/promises';

/** Polls until `condition` gives something, at most ten seconds. */
export async function until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await delay(20);
  }
}
