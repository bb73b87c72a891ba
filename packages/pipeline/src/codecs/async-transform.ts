import { Transform, type TransformCallback } from 'node:stream';
import { callbackify } from 'node:util';

/** A transform whose steps are promises: the next chunk waits for the one before, and a rejection destroys the stream. */
export abstract class AsyncTransform extends Transform {
  readonly #consume = callbackify((chunk: Buffer) => this.consume(chunk));
  readonly #complete = callbackify(() => this.complete());

  protected abstract consume(chunk: Buffer): Promise<void>;
  protected abstract complete(): Promise<void>;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#consume(chunk, callback);
  }

  override _flush(callback: TransformCallback): void {
    this.#complete(callback);
  }
}
