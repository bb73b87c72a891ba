import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { RemoteApi } from './api.ts';
import { isPassing, Refused } from './http/errors.ts';

export interface HeartbeatOptions {
  api: RemoteApi;
  jobId: string;
  /** The job counts as abandoned after so long without one. */
  silenceSeconds: number;
  /** Bytes done so far. */
  bytes: () => number;
  logger: Logger;
}

/**
 * Tells the service three times within its patience that a job is still worked at. `signal` is aborted when the service
 * wants it stopped, or has heard nothing for so long that it has given the job up.
 */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  readonly #stop = new AbortController();
  readonly #stopped = new AbortController();
  readonly #ended: Promise<void>;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#ended = this.#keepBeating();
  }

  /** Its reason is a HoldfastError: cancelled, lease_lost or abandoned. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  async end(): Promise<void> {
    this.#stopped.abort();
    await this.#ended;
  }

  async #keepBeating(): Promise<void> {
    const { api, jobId, silenceSeconds, bytes, logger } = this.#options;
    const { signal } = this.#stopped;
    const everyMs = (silenceSeconds / 3) * 1000;
    let heardAt = performance.now();
    let pauseMs = everyMs;
    for (;;) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const sentAt = performance.now();
      try {
        const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(everyMs))]);
        if (await api.heartbeat(jobId, bytes(), inTime)) return this.#stop.abort(new HoldfastError('cancelled'));
        heardAt = sentAt;
        pauseMs = everyMs;
      } catch (error) {
        if (signal.aborted) return;
        const reason = (error as Error).message;
        if (error instanceof Refused && !isPassing(error)) {
          return this.#stop.abort(
            new HoldfastError('lease_lost', `The service does not want this job any more: ${reason}`),
          );
        }
        if (performance.now() - heardAt > silenceSeconds * 1000) {
          const message = `The service was not heard for ${silenceSeconds} s and has given the job up.`;
          return this.#stop.abort(new HoldfastError('abandoned', message));
        }
        logger.warn({ reason }, 'heartbeat failed, will be repeated');
        pauseMs = Math.min(everyMs, 1000);
      }
    }
  }
}
