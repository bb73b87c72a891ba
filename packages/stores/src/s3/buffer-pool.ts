interface PoolOptions {
  /** Bytes that all buffers handed out may have together. One buffer is always allowed, whatever its size. */
  budget: number;
  /** Buffers handed out at the same time, at most. */
  count: number;
  allocate: (size: number) => Buffer;
}

/** Hands out buffers for parts and takes them back, so that an upload's memory neither grows with its length nor churns. */
export class BufferPool {
  readonly #options: PoolOptions;
  #handedOut = 0;
  #bytes = 0;
  #free: Buffer[] = [];
  #wake: () => void = () => undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Waits until the budget allows a buffer of this size. One caller at a time. */
  async acquire(size: number): Promise<Buffer> {
    while (!this.#allows(size)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#handedOut += 1;
    this.#bytes += size;
    const reused = this.#free.pop();
    if (reused?.length === size) return reused;
    // Sizes only grow within an upload, so smaller ones have served their time.
    this.#free = [];
    return this.#options.allocate(size);
  }

  release(buffer: Buffer): void {
    this.#handedOut -= 1;
    this.#bytes -= buffer.length;
    this.#free.push(buffer);
    this.#wake();
  }

  #allows(size: number): boolean {
    const { budget, count } = this.#options;
    return this.#handedOut === 0 || (this.#handedOut < count && this.#bytes + size <= budget);
  }
}
