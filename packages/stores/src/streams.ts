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
  /**
   * Opens what follows the bytes that came before the source broke; a read that breaks fails when absent.
   * @throws what the read is to fail with
   */
  resume?: (broken: Broken) => Promise<Readable>;
}

/** A source that ended, failed or stalled before its end. */
interface Broken {
  /** Bytes that came so far. */
  seen: number;
  error: HoldfastError;
  /** Aborted when nobody reads any more. */
  signal: AbortSignal;
}

/** Passes `source` on and fails when it stalls or when another number of bytes comes than was promised. */
export function exactly(source: Readable, options: ExactOptions): Readable {
  return new ExactReadable(source, options);
}

class ExactReadable extends Readable {
  readonly #options: ExactOptions;
  readonly #stop: () => void;
  readonly #given = new AbortController();
  /** Null between a source that broke and the one that follows. */
  #source: Readable | null = null;
  /** Why the source broke, until the next one is asked for. */
  #failure: HoldfastError | null = null;
  #wanted = false;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Readable, options: ExactOptions) {
    super({ highWaterMark: 256 * 1024 });
    this.#options = options;
    this.#stop = () => this.destroy(abortError(options.signal));
    options.signal.addEventListener('abort', this.#stop, { once: true });
    this.#attach(source);
    if (options.signal.aborted) this.#stop();
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#failure) void this.#goOn(this.#failure);
    else this.#flow();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener('abort', this.#stop);
    this.#source?.destroy();
    this.#given.abort();
    callback(error);
  }

  #attach(source: Readable): void {
    this.#source = source;
    const whileCurrent =
      <T extends unknown[]>(listener: (...args: T) => void) =>
      (...args: T): void => {
        if (this.#source === source && !this.destroyed) listener(...args);
      };
    source.on(
      'data',
      whileCurrent((chunk: Buffer) => this.#pass(chunk)),
    );
    source.on(
      'end',
      whileCurrent(() => this.#end()),
    );
    source.on(
      'error',
      whileCurrent((error: Error) => this.#broke(this.#options.classify(error))),
    );
    source.on(
      'close',
      whileCurrent(() => {
        if (!source.readableEnded) this.#broke(this.#incomplete());
      }),
    );
    source.pause();
    if (this.#wanted) this.#flow();
  }

  #flow(): void {
    if (!this.#source) return;
    this.#arm();
    this.#source.resume();
  }

  #pass(chunk: Buffer): void {
    clearTimeout(this.#timer);
    this.#seen += chunk.length;
    if (this.#seen > this.#options.expected) this.destroy(this.#incomplete());
    else if (this.push(chunk)) this.#arm();
    else {
      this.#wanted = false;
      this.#source?.pause();
    }
  }

  #end(): void {
    clearTimeout(this.#timer);
    if (this.#seen === this.#options.expected) this.push(null);
    else this.#broke(this.#incomplete());
  }

  #broke(failure: HoldfastError): void {
    clearTimeout(this.#timer);
    this.#source?.destroy();
    this.#source = null;
    // A reader that pauses for long may find each connection closed: only what is to be read is asked for again.
    if (this.#wanted || !this.#options.resume) void this.#goOn(failure);
    else this.#failure = failure;
  }

  async #goOn(failure: HoldfastError): Promise<void> {
    const { resume } = this.#options;
    this.#failure = null;
    try {
      if (!resume) throw failure;
      const following = await resume({ seen: this.#seen, error: failure, signal: this.#given.signal });
      if (this.destroyed) following.on('error', () => undefined).destroy();
      else this.#attach(following);
    } catch (error) {
      this.destroy(toHoldfastError(error));
    }
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const { idleMs, subject } = this.#options;
    this.#timer = setTimeout(() => {
      const seconds = Math.round(idleMs / 1000);
      this.#broke(
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
