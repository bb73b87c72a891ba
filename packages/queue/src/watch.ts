import type { Secret } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { describeProblem } from './problem.ts';

/**
 * What is known of the way to the queue. An outage makes every connection and every attempt report it many times over:
 * the log hears of it once when it begins and once when it ends.
 */
export class ConnectionWatch {
  readonly #backend: string;
  readonly #url: Secret;
  readonly #logger: Logger | null;
  #problem: string | null = null;
  #ended = false;

  /** @param logger null: nothing is logged, the errors are only listened to */
  constructor(backend: string, url: Secret, logger: Logger | null) {
    this.#backend = backend;
    this.#url = url;
    this.#logger = logger;
  }

  /** Why the queue is away; null while it answers. */
  get problem(): string | null {
    return this.#problem;
  }

  describe(error: unknown): string {
    return describeProblem(error, this.#url);
  }

  works(): void {
    if (this.#problem === null) return;
    this.#problem = null;
    this.#logger?.info({ backend: this.#backend }, 'the queue is back');
  }

  /** From here on we close the connections ourselves: what they still report is no outage. */
  end(): void {
    this.#ended = true;
  }

  failed(error: unknown): void {
    if (this.#ended) return;
    const first = this.#problem === null;
    this.#problem = this.describe(error);
    const fields = { backend: this.#backend, problem: this.#problem };
    if (first) this.#logger?.warn(fields, 'the queue is away, trying on');
    else this.#logger?.debug(fields, 'the queue is still away');
  }
}
