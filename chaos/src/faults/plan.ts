import type { Random } from '../random.ts';

interface Kind {
  name: string;
  weight: number;
  leastMs: number;
  mostMs: number;
}

export interface PlannedFault<K> {
  /** Since the beginning. */
  atMs: number;
  kind: K;
  forMs: number;
  /** Decides whatever else there is to decide about it. */
  random: Random;
}

/** Faults a second in the long run. */
const rate = 2.4;
/** The share of the time in which they come; the rest is calm, so that work also gets done. */
const stormShare = 0.6;

/**
 * An endless plan that the seed decides: storms of faults that overlap, and calms between them. Every kind comes once
 * before chance alone decides.
 */
export function* planFaults<K extends Kind>(kinds: readonly K[], random: Random): Generator<PlannedFault<K>, never> {
  const first = random.shuffled(kinds);
  for (let begun = 0, number = 0; ;) {
    const size = random.int(8, 20);
    const lasts = (size / rate) * 1000;
    const times = Array.from({ length: size }, () => begun + random.between(0, lasts * stormShare)).sort(
      (a, b) => a - b,
    );
    for (const atMs of times) {
      const kind = first[number] ?? random.weighted(kinds);
      number += 1;
      yield { atMs, kind, forMs: random.between(kind.leastMs, kind.mostMs), random: random.stream(`fault ${number}`) };
    }
    begun += lasts;
  }
}
