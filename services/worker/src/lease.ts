import { setTimeout as delay } from 'node:timers/promises';
import type { HeartbeatAnswer } from '@holdfast/persistence';
import { HoldfastError } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { within } from './within.ts';

export interface LeaseOptions {
  /** `performance.now()` from before the claim was sent, so that our lease never ends later than the database's. */
  claimedAt: number;
  leaseSeconds: number;
  heartbeatSeconds: number;
  beat: () => Promise<HeartbeatAnswer>;
  /** Whether somebody asked to cancel: asked more often than the lease is extended, so that it is heard within seconds. */
  isCancelRequested: () => Promise<boolean>;
  logger: Logger;
}

const listenEveryMs = 1000;

/**
 * Holds the lease of one attempt: beats until it is released, and aborts `signal` when the lease was lost, when somebody
 * asked to cancel, or when the database has not confirmed it for so long that it may have ended. The last is measured
 * by this process's monotonic clock, so a worker that is cut off stops by itself before another one begins.
 */
export class HeldLease {
  readonly #options: LeaseOptions;
  readonly #controller = new AbortController();
  readonly #released = new AbortController();
  #endsAt: number;
  #deadline: NodeJS.Timeout;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#endsAt = options.claimedAt + options.leaseSeconds * 1000;
    this.#deadline = this.#startDeadline();
    void this.#keepBeating();
    void this.#keepListening();
  }

  /** Its reason is a HoldfastError: lease_lost or cancelled. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** For how long the lease is surely ours, in milliseconds; 0 when it is not. */
  remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Ends the beating; `signal` is not aborted any more. */
  release(): void {
    this.#released.abort();
    clearTimeout(this.#deadline);
  }

  async #keepBeating(): Promise<void> {
    const beatMs = this.#options.heartbeatSeconds * 1000;
    const { signal } = this.#released;
    let pauseMs = beatMs;
    for (;;) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const sentAt = performance.now();
      const answer = await within(beatMs, this.#options.beat()).catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'heartbeat failed, will be repeated');
        return 'unheard' as const;
      });
      if (signal.aborted) return;
      pauseMs = answer === 'unheard' ? Math.min(beatMs, 1000) : beatMs;
      if (answer === 'ok') this.#extend(sentAt);
      if (answer === 'lost') return this.#end(new HoldfastError('lease_lost'));
      if (answer === 'cancel') return this.#controller.abort(new HoldfastError('cancelled'));
    }
  }

  async #keepListening(): Promise<void> {
    const { heartbeatSeconds, isCancelRequested } = this.#options;
    const pauseMs = Math.min(listenEveryMs, heartbeatSeconds * 1000);
    const signal = AbortSignal.any([this.#released.signal, this.#controller.signal]);
    for (;;) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      // What does not get through is said by the heartbeat.
      const cancelled = await within(listenEveryMs, isCancelRequested()).catch(() => false);
      if (signal.aborted) return;
      if (cancelled) return this.#controller.abort(new HoldfastError('cancelled'));
    }
  }

  #extend(sentAt: number): void {
    this.#endsAt = sentAt + this.#options.leaseSeconds * 1000;
    clearTimeout(this.#deadline);
    this.#deadline = this.#startDeadline();
  }

  #startDeadline(): NodeJS.Timeout {
    const message = 'The database did not confirm the lease in time.';
    return setTimeout(() => this.#end(new HoldfastError('lease_lost', message)), this.remainingMs());
  }

  #end(reason: HoldfastError): void {
    this.#endsAt = 0;
    this.#controller.abort(reason);
  }
}
