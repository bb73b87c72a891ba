import { Duplex } from 'node:stream';

type Bytes = ReadableStream<Uint8Array>;

/**
 * A Node stream around something that turns one web stream into another. A byte is taken only when it is asked for, so
 * that backpressure passes through, and what fails on one side ends the other.
 */
export class WebDuplex extends Duplex {
  readonly #output: Promise<ReadableStreamDefaultReader<Uint8Array>>;
  readonly #explain: (error: unknown) => Error;
  #input: ReadableStreamDefaultController<Uint8Array> | null = null;
  #asked: (() => void) | null = null;
  #ended: (() => void) | null = null;
  #offered: { chunk: Buffer; taken: () => void } | null = null;

  /** @param explain makes what is thrown out of what the conversion failed with */
  constructor(convert: (input: Bytes) => Promise<Bytes>, explain: (error: unknown) => Error) {
    super();
    this.#explain = explain;
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      this.#input = controller;
    };
    const input = new ReadableStream<Uint8Array>({ start, pull: () => this.#ask() }, { highWaterMark: 0 });
    this.#output = convert(input).then((output) => output.getReader());
    // Whoever reads hears of it; nobody may.
    this.#output.catch(() => undefined);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#offered = { chunk, taken: callback };
    this.#meet();
  }

  /** It is finished when all was converted: until then a failure can come. */
  override _final(callback: () => void): void {
    this.#input?.close();
    this.#asked?.();
    this.#ended = callback;
  }

  override _read(): void {
    this.#next().then(
      (bytes) => {
        this.push(bytes);
        if (bytes === null) this.#ended?.();
      },
      (error: unknown) => this.destroy(this.#explain(error)),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#input?.error(error ?? new Error('The stream was closed.'));
    this.#asked?.();
    callback(error);
  }

  /** @returns null at the end */
  async #next(): Promise<Buffer | null> {
    const reader = await this.#output;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return null;
      if (value.length > 0) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
  }

  #ask(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asked = resolve;
    this.#meet();
    return promise;
  }

  /** Hands the chunk that waits to the one who waits for it. */
  #meet(): void {
    const [asked, offered] = [this.#asked, this.#offered];
    if (!asked || !offered) return;
    this.#asked = this.#offered = null;
    this.#input?.enqueue(offered.chunk);
    asked();
    offered.taken();
  }
}
