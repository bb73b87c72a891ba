import { Transform, type TransformCallback } from 'node:stream';

/** Bytes that are kept back until the end was checked. */
const tailBytes = 64 * 1024;

/**
 * Passes bytes on but keeps the last ones back until `check` allowed the end: a reader that is given damaged bytes never
 * sees all of them, nor an end.
 */
export class HeldTail extends Transform {
  readonly #check: () => void;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param check throws to destroy the stream instead of ending it */
  constructor(check: () => void) {
    super();
    this.#check = check;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    this.#release(tailBytes);
    callback();
  }

  override _flush(callback: TransformCallback): void {
    try {
      this.#check();
      this.#release(0);
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  #release(keepBytes: number): void {
    for (let first = this.#held[0]; first && this.#heldBytes - first.length >= keepBytes; first = this.#held[0]) {
      this.#held.shift();
      this.#heldBytes -= first.length;
      this.push(first);
    }
  }
}
