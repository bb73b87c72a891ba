import type { Hash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** Reads a stream of chunks of any size into buffers of a given one. */
export class BodyReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(body: Readable) {
    this.#chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  }

  /** Fills the buffer and hashes what went in. @returns its bytes: less than its length only at the body's end */
  async fill(buffer: Buffer, hash: Hash): Promise<number> {
    let filled = 0;
    while (filled < buffer.length && !(await this.ended())) {
      const copied = this.#rest.copy(buffer, filled);
      hash.update(this.#rest.subarray(0, copied));
      this.#rest = this.#rest.subarray(copied);
      filled += copied;
    }
    return filled;
  }

  /** Whether nothing is left; waits for the next byte or the end. */
  async ended(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#ended) {
      const next = await this.#chunks.next();
      if (next.done) this.#ended = true;
      else this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    return this.#rest.length === 0;
  }
}
