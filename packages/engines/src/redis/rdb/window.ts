/** Work that yields whenever it needs more bytes than have come. */
export type Steps<T = void> = Generator<undefined, T, undefined>;

/**
 * The bytes of a stream from the first that nobody took to the last that came. What was taken is never written over, so that
 * it may be kept without a copy.
 */
export class Window {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #at = 0;
  #end = 0;
  /** Whether there is room behind `#end` that is ours. */
  #owned = false;
  /** Given what was read, before more is asked for; null: all is held until it is taken. */
  #spill: ((bytes: Buffer) => void) | null = null;

  append(chunk: Buffer): void {
    const held = this.#end - this.#start;
    if (held === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#at = 0;
      this.#end = chunk.length;
      this.#owned = false;
      return;
    }
    if (!this.#owned || this.#end + chunk.length > this.#bytes.length) {
      // Twice as much for what is long, so that a long value is not copied with every chunk of it.
      const room = Buffer.allocUnsafeSlow(held + Math.max(chunk.length, held > chunk.length ? held : 0));
      this.#bytes.copy(room, 0, this.#start, this.#end);
      this.#bytes = room;
      this.#at -= this.#start;
      this.#start = 0;
      this.#end = held;
      this.#owned = true;
    }
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /** How many bytes were read and not taken. */
  get read(): number {
    return this.#at - this.#start;
  }

  /** Reads a byte that is there. */
  next(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** The bytes that were read, from the given one on; they stay. */
  since(read: number): Buffer {
    return this.#bytes.subarray(this.#start + read, this.#at);
  }

  /** Takes what was read. */
  take(): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return taken;
  }

  /** Bytes that came and were not read. */
  get ahead(): number {
    return this.#end - this.#at;
  }

  *need(count: number): Steps {
    while (this.ahead < count) {
      if (this.#spill && this.read > 0) this.#spill(this.take());
      yield;
    }
  }

  *byte(): Steps<number> {
    if (this.ahead === 0) yield* this.need(1);
    return this.next();
  }

  /** Reads bytes that stay where they are until they are taken. */
  *bytes(count: number): Steps<Buffer> {
    yield* this.need(count);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Reads over bytes without ever needing all of them at once. */
  *skip(count: number): Steps {
    let left = count;
    while (left > this.ahead) {
      left -= this.ahead;
      this.#at = this.#end;
      yield* this.need(1);
    }
    this.#at += left;
  }

  /** Runs steps whose bytes go to `spill` while they are read, rather than being held to their end. */
  *spilling(spill: (bytes: Buffer) => void, steps: Steps): Steps {
    this.#spill = spill;
    yield* steps;
    this.#spill = null;
  }
}
