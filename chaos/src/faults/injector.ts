import { setTimeout as delay } from 'node:timers/promises';
import type { Bed } from '../bed/bed.ts';
import { Tally } from '../journal.ts';
import type { Random } from '../random.ts';
import { faultKinds } from './index.ts';
import type { FaultKind } from './kind.ts';
import { planFaults, type PlannedFault } from './plan.ts';

export interface InjectorLimits {
  /** Ends after this many faults. */
  faults: number;
  /** Ends after this time, whatever came until then. */
  seconds: number;
}

/** Carries out the plan. Two faults never hit the same thing at once: the later one waits. */
export class Injector {
  readonly injected = new Tally();
  /** Faults that found nothing to hit; they are not counted as injected. */
  readonly missed = new Tally();
  /** What could not be done or healed: then the campaign itself is broken, and its verdict worth nothing. */
  readonly problems: string[] = [];
  readonly #bed: Bed;
  readonly #random: Random;
  readonly #busy = new Map<string, Promise<void>>();

  constructor(bed: Bed, random: Random) {
    this.#bed = bed;
    this.#random = random;
  }

  async run({ faults, seconds }: InjectorLimits, tell: (text: string) => void): Promise<void> {
    const { backend, disk } = this.#bed;
    const possible = faultKinds.filter(
      (kind) => (kind.backend ?? backend) === backend && (kind.name !== 'fill the disk' || disk.isSmall),
    );
    const begun = performance.now();
    const under: Promise<void>[] = [];
    for (const planned of planFaults(possible, this.#random)) {
      if (planned.atMs > seconds * 1000) break;
      await delay(Math.max(0, planned.atMs - (performance.now() - begun)));
      // Those that wait for their target count too, as nearly all of them will be injected.
      if (this.injected.total >= faults) break;
      under.push(this.#inject(planned));
      if (under.length % 25 === 0) tell(`${this.injected.total} faults after ${secondsSince(begun)} s`);
    }
    await Promise.all(under);
  }

  async #inject({ kind, forMs, random }: PlannedFault<FaultKind>): Promise<void> {
    const target = kind.aim(this.#bed, random);
    const before = this.#busy.get(target) ?? Promise.resolve();
    const own = before
      .then(() => this.#strike(kind, target, forMs, random))
      .catch((error: unknown) => void this.problems.push(`${kind.name} of ${target}: ${(error as Error).message}`));
    this.#busy.set(target, own);
    await own;
  }

  async #strike(kind: FaultKind, target: string, forMs: number, random: Random): Promise<void> {
    const { journal } = this.#bed;
    const heal = await kind.strike(this.#bed, target, random);
    if (heal === null) return this.missed.add(kind.name);
    this.injected.add(kind.name);
    journal.write('fault', { kind: kind.name, target, forMs: Math.round(forMs) });
    await delay(forMs);
    await heal();
    journal.write('healed', { kind: kind.name, target });
  }
}

const secondsSince = (begun: number): string => ((performance.now() - begun) / 1000).toFixed(0);
