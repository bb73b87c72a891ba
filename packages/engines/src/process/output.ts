import { Readable } from 'node:stream';

/**
 * A program's standard output that does not take the end of the pipe for the end of the content: a program that dies also
 * closes its pipe. It ends by `finish` alone, which is called when the program's end is known to be a success.
 */
export class ProgramOutput extends Readable {
  readonly #pipe: Readable;
  readonly #terminate: () => void;
  readonly #begun = Promise.withResolvers<void>();
  #bytes = 0;

  constructor(pipe: Readable, terminate: () => void) {
    super();
    this.#pipe = pipe;
    this.#terminate = terminate;
    pipe.on('data', (chunk: Buffer) => {
      if (this.#bytes === 0) this.#begun.resolve();
      this.#bytes += chunk.length;
      if (!this.destroyed && !this.push(chunk)) pipe.pause();
    });
    pipe.on('error', () => undefined);
    pipe.pause();
    // A program may fail before anybody listens. Whoever reads later still gets the error: the stream keeps it.
    this.on('error', () => undefined);
  }

  /** Bytes read from the program so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves with the first byte; never when there is none. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  override _read(): void {
    this.#pipe.resume();
  }

  finish(): void {
    if (!this.destroyed) this.push(null);
  }

  fail(reason: unknown): void {
    this.destroy(reason instanceof Error ? reason : new Error('The program was ended.', { cause: reason }));
  }

  /** Gives up what is left in the pipe, so that a failure shows without a reader. */
  stopReading(): void {
    this.#pipe.destroy();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#terminate();
    this.#pipe.destroy();
    callback(error);
  }
}
