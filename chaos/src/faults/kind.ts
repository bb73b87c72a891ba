import type { Backend, Bed } from '../bed/bed.ts';
import type { Random } from '../random.ts';

/** Undoes a fault. */
export type Heal = () => Promise<void> | void;

/** One way to do harm. Every fault is bounded: it ends by itself or by its healing. */
export interface FaultKind {
  name: string;
  /** How often it comes, compared with the others. */
  weight: number;
  /** How long it lasts, in milliseconds; for a process that is killed, until it is started again. */
  leastMs: number;
  mostMs: number;
  /** Only where the queue lives there. */
  backend?: Backend;
  /** What is hit: two faults never hit the same at the same time. */
  aim(bed: Bed, random: Random): string;
  /** @returns null when there was nothing to hit, and nothing happened */
  strike(bed: Bed, target: string, random: Random): Promise<Heal | null>;
}

export const nothing: Heal = () => undefined;
