/** Collects what comes one by one and hands it on in batches of one size; `flush` hands on the rest. */
export class Batch<T> {
  readonly #size: number;
  readonly #act: (items: readonly T[]) => Promise<void>;
  #items: T[] = [];

  constructor(size: number, act: (items: readonly T[]) => Promise<void>) {
    this.#size = size;
    this.#act = act;
  }

  async add(item: T): Promise<void> {
    this.#items.push(item);
    if (this.#items.length >= this.#size) await this.flush();
  }

  async flush(): Promise<void> {
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) await this.#act(items);
  }
}
