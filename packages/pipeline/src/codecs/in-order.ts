/** Lets a few pieces of work run side by side and gives their results on in the order in which they were added. */
export class InOrder<T> {
  readonly #limit: number;
  readonly #emit: (result: T) => void;
  readonly #running: Promise<T>[] = [];

  /** @param limit pieces that may run at once */
  constructor(limit: number, emit: (result: T) => void) {
    this.#limit = limit;
    this.#emit = emit;
  }

  /** Resolves when there is room for one more; rejects when the oldest piece failed. */
  async add(work: Promise<T>): Promise<void> {
    // A stream that is destroyed never comes back for what still runs.
    work.catch(() => undefined);
    this.#running.push(work);
    while (this.#running.length >= this.#limit) await this.#emitOldest();
  }

  async drain(): Promise<void> {
    while (this.#running.length > 0) await this.#emitOldest();
  }

  async #emitOldest(): Promise<void> {
    const oldest = this.#running.shift();
    if (oldest) this.#emit(await oldest);
  }
}
