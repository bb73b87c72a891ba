import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/shared/domain';

/** How long the other parts may take to come to rest after a failure. */
const patienceMs = 30_000;

/**
 * Runs parts that depend on each other so that the failure of one ends all, and the failure that came first is the one
 * that is thrown. When a stream breaks, every neighbour complains ("premature close", an AbortError): such a symptom
 * counts only where no part says anything better, and ends nobody who is still about to say it.
 */
export class FirstCause {
  readonly #controller = new AbortController();
  /** Errors that a neighbour destroyed our stream with, on its way to failing with one that says more. */
  readonly #echoes = new Set<unknown>();
  readonly #streams: Readable[] = [];
  readonly #failed = Promise.withResolvers<void>();
  readonly #patienceMs: number;
  #cause: { error: unknown } | null = null;
  #symptom: { error: unknown } | null = null;

  constructor(patience = patienceMs) {
    this.#patienceMs = patience;
  }

  /** Aborted by the first cause. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Takes note of a failure; one that is no symptom ends the other parts. */
  readonly note = (error: unknown): void => {
    if (this.#echoes.has(error) || isSymptom(error)) {
      this.#symptom ??= { error };
    } else {
      this.#cause ??= { error };
      this.#controller.abort(error);
    }
  };

  /**
   * Takes note of what breaks in a row of streams, of which the last is handed to a neighbour who may destroy it. All are
   * destroyed as soon as any part fails, so that nobody waits for bytes that never come.
   */
  watch(streams: readonly Readable[]): void {
    this.#streams.push(...streams);
    const handedOver = streams.at(-1);
    handedOver?.on('error', (error) => {
      if (!(error instanceof HoldfastError)) this.#echoes.add(error);
    });
    for (const stream of streams) stream.on('error', this.note);
  }

  /**
   * Waits until every part has come to rest, however it ended; after a failure not for ever, as one that is stuck must not
   * hold up what is to be done about the failure.
   * @param outer ends all parts; its reason is then the cause
   * @returns the result of the first part
   * @throws the first cause
   */
  async join<T>(outer: AbortSignal, start: () => readonly [Promise<T>, ...Promise<unknown>[]]): Promise<T> {
    const abort = (): void => {
      this.#cause ??= { error: outer.reason };
      this.#controller.abort(outer.reason);
      this.#destroyStreams(outer.reason);
    };
    outer.addEventListener('abort', abort, { once: true });
    try {
      outer.throwIfAborted();
      const parts = start();
      for (const part of parts) {
        part.catch((error: unknown) => {
          this.note(error);
          this.#destroyStreams(error);
        });
      }
      await this.#rest(parts);
      const failure = this.#cause ?? this.#symptom;
      if (failure) throw asError(failure.error);
      return await parts[0];
    } finally {
      outer.removeEventListener('abort', abort);
    }
  }

  async #rest(parts: readonly Promise<unknown>[]): Promise<void> {
    const rested = new AbortController();
    const all = Promise.allSettled(parts).then(() => rested.abort());
    const stuck = this.#failed.promise.then(() => delay(this.#patienceMs, undefined, { signal: rested.signal }));
    await Promise.race([all, stuck.catch(() => undefined)]);
  }

  #destroyStreams(error: unknown): void {
    this.#failed.resolve();
    for (const stream of this.#streams) stream.destroy(asError(error));
  }
}

const symptoms = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ABORT_ERR',
]);

/** Whether it tells only that a neighbour ended the stream. */
export function isSymptom(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof HoldfastError) return false;
  return error.name === 'AbortError' || ('code' in error && symptoms.has(String(error.code)));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new HoldfastError('internal', undefined, { cause: thrown });
}
