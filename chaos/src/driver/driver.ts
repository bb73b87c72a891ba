import { setTimeout as delay } from 'node:timers/promises';
import { Tally, type Journal } from '../journal.ts';
import type { Random } from '../random.ts';
import { actions, type Action } from './actions.ts';
import type { Api } from './api.ts';
import type { Registered } from './places.ts';
import type { Records } from './records.ts';

export interface DriverOptions {
  api: Api;
  records: Records;
  journal: Journal;
  random: Random;
  /** Databases whose content is known. */
  sources: readonly Registered[];
  /** Databases to restore onto. */
  targets: readonly Registered[];
}

const actionsPerSecond = 4;
/** Those that wait for an answer from an API that was killed in between wait for a minute. */
const mostAtOnce = 60;

/** Uses the service as its clients would, several things at a time, until it is told to stop. */
export class Driver {
  readonly done = new Tally();
  readonly refused = new Tally();
  readonly #options: DriverOptions;
  readonly #known: Action[];
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#known = actions.filter(({ routes }) => routes.every(([method, path]) => options.api.has(method, path)));
  }

  /** Names of the actions that this version of the service has no routes for. */
  get leftOut(): string[] {
    return actions.filter((action) => !this.#known.includes(action)).map(({ name }) => name);
  }

  async run(): Promise<void> {
    const { random } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const action = random.weighted(this.#known);
      // Each action has numbers of its own, so that the order in which answers come changes nothing for the next ones.
      const own = random.stream(String(random.next()));
      if (this.#running.size < mostAtOnce) this.#begin(action, own);
      await delay(random.between(0, 2000 / actionsPerSecond), undefined, { signal: this.#stopping.signal }).catch(
        () => undefined,
      );
    }
    await Promise.all(this.#running);
  }

  /** Begins nothing more. `run` ends when what is under way has been answered. */
  stop(): void {
    this.#stopping.abort();
  }

  #begin(action: Action, random: Random): void {
    const running = action
      .run({ ...this.#options, random })
      .then(
        (outcome) => {
          if (outcome === 'done') this.done.add(action.name);
          else if (outcome !== 'nothing to do') this.refused.add(`${action.name} ${outcome}`);
        },
        (error: unknown) => {
          this.#options.records.unanswered.push(`${action.name}: ${(error as Error).message}`);
          this.refused.add(`${action.name} unanswered`);
        },
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
