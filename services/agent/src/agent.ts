import { setTimeout as delay } from 'node:timers/promises';
import type { RemoteJob } from '@holdfast/shared/contracts';
import { backoffSeconds, HoldfastError, toHoldfastError, type Ids } from '@holdfast/shared/domain';
import type { Running } from '@holdfast/shared/lifecycle';
import type { Logger } from '@holdfast/shared/observability';
import type { RemoteApi } from './api.ts';
import { Refused } from './http/errors.ts';
import type { Pace } from './http/persist.ts';
import { JobAttempt } from './job-attempt.ts';
import type { Sources } from './sources/index.ts';
import type { Spool } from './spool.ts';

export interface AgentOptions {
  api: RemoteApi;
  sources: Sources;
  spool: Spool;
  ids: Pick<Ids, 'random'>;
  logger: Logger;
  pace: Pace;
  /** So long may a job go on after `stop` was called. */
  graceSeconds: number;
}

export interface Agent extends Running {
  /** Rejects with a HoldfastError when the service refuses the agent at its first request; resolves when it was stopped. */
  ended: Promise<void>;
}

/** For how long the service may keep a request for work open. */
const waitSeconds = 25;
/** A request for work is not sent sooner after the last one. */
const leastPauseMs = 500;

/** Asks the service for work, does it and reports, one job after the other, until it is stopped. */
export function startAgent(options: AgentOptions): Agent {
  const stopping = new AbortController();
  /** Ends what runs. */
  const abort = new AbortController();
  const ended = new Loop(options, stopping.signal, abort.signal).run();
  // Whoever started the agent hears of it by `ended`, which may be awaited later.
  ended.catch(() => undefined);
  return {
    ended,
    stop: async () => {
      stopping.abort(new HoldfastError('stopping'));
      const timer = setTimeout(() => abort.abort(new HoldfastError('stopping')), options.graceSeconds * 1000);
      await ended.catch(() => undefined);
      clearTimeout(timer);
    },
  };
}

class Loop {
  readonly #options: AgentOptions;
  readonly #stopping: AbortSignal;
  readonly #abort: AbortSignal;
  #welcome = false;
  #failures = 0;

  constructor(options: AgentOptions, stopping: AbortSignal, abort: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
    this.#abort = abort;
  }

  async run(): Promise<void> {
    while (!this.#stopping.aborted) {
      const askedAt = performance.now();
      const job = await this.#claim();
      if (job) await new JobAttempt(this.#options, job, this.#abort).run();
      else await this.#pause(leastPauseMs - (performance.now() - askedAt));
    }
  }

  async #claim(): Promise<RemoteJob | null> {
    const { api, logger, pace, ids } = this.#options;
    try {
      const job = await api.claim(waitSeconds, this.#stopping);
      if (!this.#welcome || this.#failures > 0) logger.info('connected to the service');
      this.#welcome = true;
      this.#failures = 0;
      return job;
    } catch (error) {
      if (this.#stopping.aborted) return null;
      if (!this.#welcome && isRefusal(error)) {
        throw new HoldfastError(
          'configuration',
          `The service refuses this agent: ${error.message} Check HOLDFAST_AGENT_URL and HOLDFAST_AGENT_TOKEN.`,
          { cause: error },
        );
      }
      this.#failures += 1;
      const pauseSeconds = backoffSeconds(pace, this.#failures, ids.random());
      logger.warn({ reason: toReason(error), failures: this.#failures, pauseSeconds }, 'could not ask for work');
      await this.#pause(pauseSeconds * 1000);
      return null;
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#stopping }).catch(() => undefined);
  }
}

/** The token or its form is wrong, and no waiting will help. */
const isRefusal = (error: unknown): error is Refused =>
  error instanceof Refused && [400, 401, 403].includes(error.status);

const toReason = (error: unknown): string => (error instanceof Error ? error.message : toHoldfastError(error).message);
