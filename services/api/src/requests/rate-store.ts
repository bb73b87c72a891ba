import type { RequestRateRepository } from '@holdfast/persistence';
import type { Clock } from '@holdfast/shared/domain';
import type { ClientRateLimitInfo, Store } from 'express-rate-limit';

interface Limit {
  /** Requests in one window. */
  limit: number;
  windowSeconds: number;
}

/** As much of a key over its limit as the limiter wants to know. */
interface Excess {
  totalHits: number;
  resetTime: Date;
}

/** Keys over their limit that a process remembers; beyond that it asks the database again. */
const remembered = 10_000;

/**
 * Counts requests in the database, where all API processes find them. Who is over the limit is remembered in the process
 * until the window ends, so that a flood of requests is no flood of statements.
 */
export class RateStore implements Store {
  readonly prefix: string;
  readonly #rates: RequestRateRepository;
  readonly #clock: Clock;
  readonly #limit: Limit;
  readonly #over = new Map<string, Excess>();

  /** @param prefix keeps its keys apart from those of other limits */
  constructor(prefix: string, limit: Limit, { rates, clock }: { rates: RequestRateRepository; clock: Clock }) {
    this.prefix = prefix;
    this.#limit = limit;
    this.#rates = rates;
    this.#clock = clock;
  }

  async increment(key: string): Promise<ClientRateLimitInfo> {
    const known = this.#findOver(key);
    if (known) return known;
    const { limit, windowSeconds } = this.#limit;
    const { hits, endsIn } = await this.#rates.count(`${this.prefix}${key}`, windowSeconds);
    const resetTime = new Date(this.#clock.now().getTime() + endsIn * 1000);
    if (hits >= limit) this.#remember(key, { totalHits: limit + 1, resetTime });
    return { totalHits: hits, resetTime };
  }

  async decrement(key: string): Promise<void> {
    this.#over.delete(key);
    await this.#rates.uncount(`${this.prefix}${key}`);
  }

  async resetKey(key: string): Promise<void> {
    this.#over.delete(key);
    await this.#rates.forget(`${this.prefix}${key}`);
  }

  #findOver(key: string): Excess | null {
    const known = this.#over.get(key);
    if (!known) return null;
    if (known.resetTime > this.#clock.now()) return known;
    this.#over.delete(key);
    return null;
  }

  #remember(key: string, excess: Excess): void {
    const [oldest] = this.#over.keys();
    if (oldest !== undefined && this.#over.size >= remembered) this.#over.delete(oldest);
    this.#over.set(key, excess);
  }
}
