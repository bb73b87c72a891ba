import { Transform, type TransformCallback } from 'node:stream';
import { HoldfastError } from '@holdfast/shared/domain';

/** How long each side may stand still, in seconds, before the attempt ends as `stalled`. */
export interface StallLimits {
  /** The dump program: without giving a byte, while it would be taken. */
  dumpSeconds: number;
  /** The store: without taking or giving a byte, while there is one or it would be taken. Longer than its own patience. */
  storeSeconds: number;
  /** The restore program: without taking a byte or ending. Building an index takes none for long. */
  restoreSeconds: number;
}

/** One side of a stream, and how long it may stand still. */
export interface Side {
  seconds: number;
  /** Says which side stood still: "the dump program gave no byte". */
  stoodStill: string;
}

/**
 * Passes bytes on unchanged and breaks when no byte moves for too long: by the fault of the side before it, when the next
 * one would take a byte, and of the side after it, when it holds a byte that nobody takes.
 */
export class StallGuard extends Transform {
  readonly #before: Side;
  readonly #after: Side | null;
  readonly #timer: NodeJS.Timeout;
  #waitsFor: Side | null;
  #since = performance.now();

  /** @param after null where somebody else sees to it that the bytes are taken */
  constructor(before: Side, after: Side | null) {
    super();
    this.#before = before;
    this.#after = after;
    this.#waitsFor = after;
    const shortest = Math.min(before.seconds, after?.seconds ?? Infinity);
    this.#timer = setInterval(() => this.#look(), Math.min(1000, shortest * 250)).unref();
  }

  override _read(size: number): void {
    this.#turnTo(this.#before);
    super._read(size);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#turnTo(this.#after);
    callback(null, chunk);
  }

  /** From here on the side after it has everything. */
  override _flush(callback: TransformCallback): void {
    clearInterval(this.#timer);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    callback(error);
  }

  #turnTo(side: Side | null): void {
    this.#waitsFor = side;
    this.#since = performance.now();
  }

  #look(): void {
    const side = this.#waitsFor;
    if (side && performance.now() - this.#since > side.seconds * 1000) this.destroy(stalled(side));
  }
}

/** Calls `onQuiet` when `touch` was not called for too long, until `stop`. */
export class Watchdog {
  readonly #timer: NodeJS.Timeout;

  constructor(side: Side, onQuiet: (error: HoldfastError) => void) {
    this.#timer = setTimeout(() => onQuiet(stalled(side)), side.seconds * 1000).unref();
  }

  touch(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Lets `work` begin something within a time; the signal that it is given ends it when it takes longer, and after that only
 * when `outer` does, so that what was begun may go on.
 */
export async function beginWithin<T>(
  side: Side,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const watchdog = new Watchdog(side, (error) => late.abort(error));
  try {
    return await work(AbortSignal.any([outer, late.signal]));
  } finally {
    watchdog.stop();
  }
}

const stalled = ({ seconds, stoodStill }: Side): HoldfastError =>
  new HoldfastError('stalled', `For ${seconds} seconds ${stoodStill}: the attempt was ended.`);
