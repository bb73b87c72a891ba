import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import type { ChecksumType } from '@holdfast/shared/domain';

export interface Measure {
  /** Bytes. */
  size: number;
  /** Hex. */
  digest: string;
}

/** Passes bytes on unchanged, counts them and digests them. */
export class Meter extends Transform {
  readonly #hash: Hash;
  readonly #onBytes: (soFar: number) => void;
  #size = 0;
  #measure: Measure | null = null;

  constructor(onBytes: (soFar: number) => void = () => undefined, algorithm: ChecksumType = 'sha256') {
    super();
    this.#hash = createHash(algorithm);
    this.#onBytes = onBytes;
  }

  /** What passed, from the first byte to the last. @throws Error before the end came */
  get measure(): Measure {
    if (!this.#measure) throw new Error('A stream is measured only after its end.');
    return this.#measure;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    this.#onBytes(this.#size);
    callback(null, chunk);
  }

  override _flush(callback: TransformCallback): void {
    this.#measure = { size: this.#size, digest: this.#hash.digest('hex') };
    callback();
  }
}
