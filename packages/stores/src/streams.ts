import { Readable } from 'node:stream';
import { HoldfastError, toHoldfastError } from '@holdfast/shared/domain';

/** What an aborted operation fails with: the signal's own reason where it is one of ours. */
export function abortError(signal: AbortSignal): HoldfastError {
  const reason: unknown = signal.reason;
  if (reason instanceof HoldfastError) return reason;
  return new HoldfastError('cancelled', 'The transfer was stopped on request.', { cause: reason });
}

/** Names a failure of the bytes that were to be stored; ours (a dump that died) pass as they are. */
export function bodyError(thrown: unknown): HoldfastError {
  if (isPrematureClose(thrown)) {
    return new HoldfastError('internal', 'The bytes to be stored stopped before their end.', { cause: thrown });
  }
  return toHoldfastError(thrown);
}

/** A stream that was destroyed before its end, without an error of its own. */
export function isPrematureClose(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException | undefined)?.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

interface ExactOptions {
  /** Bytes that were promised. */
  expected: number;
  signal: AbortSignal;
  /** Milliseconds without a byte after which the source counts as stalled; the reader's own pauses do not count. */
  idleMs: number;
  classify: (thrown: unknown) => HoldfastError;
  /** What is read, for messages: `The object "a/b"`. */
  subject: string;
}

/** Passes `source` on and fails when it stalls or when another number of bytes comes than was promised. */
export function exactly(source: Readable, options: ExactOptions): Readable {
  return new ExactReadable(source, options);
}

class ExactReadable extends Readable {
  readonly #source: Readable;
  readonly #options: ExactOptions;
  readonly #stop: () => void;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Readable, options: ExactOptions) {
    super({ highWaterMark: 256 * 1024 });
    this.#source = source;
    this.#options = options;
    this.#stop = () => this.destroy(abortError(options.signal));
    options.signal.addEventListener('abort', this.#stop, { once: true });
    source.on('data', (chunk: Buffer) => this.#pass(chunk));
    source.on('end', () => this.#end());
    source.on('error', (error) => this.destroy(options.classify(error)));
    source.on('close', () => {
      if (!source.readableEnded) this.destroy(this.#incomplete());
    });
    source.pause();
    if (options.signal.aborted) this.#stop();
  }

  override _read(): void {
    this.#arm();
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener('abort', this.#stop);
    this.#source.destroy();
    callback(error);
  }

  #pass(chunk: Buffer): void {
    clearTimeout(this.#timer);
    this.#seen += chunk.length;
    if (this.#seen > this.#options.expected) this.destroy(this.#incomplete());
    else if (this.push(chunk)) this.#arm();
    else this.#source.pause();
  }

  #end(): void {
    clearTimeout(this.#timer);
    if (this.#seen === this.#options.expected) this.push(null);
    else this.destroy(this.#incomplete());
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { idleMs, subject } = this.#options;
    this.#timer = setTimeout(() => {
      const seconds = Math.round(idleMs / 1000);
      this.destroy(
        new HoldfastError('store_unreachable', `${subject} stopped arriving: nothing came for ${seconds} seconds.`),
      );
    }, idleMs);
  }

  #incomplete(): HoldfastError {
    const { subject, expected } = this.#options;
    return new HoldfastError(
      'store_failed',
      `${subject} came incomplete: ${this.#seen} bytes arrived, the store had promised ${expected}.`,
    );
  }
}
