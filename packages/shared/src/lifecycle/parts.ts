import type { Logger } from '../observability/logger.ts';

/** Something that runs until it is told to stop. */
export interface Running {
  /** Takes no new work, ends or hands back what runs, and frees every resource. */
  stop(): Promise<void>;
}

/** What was started, to be stopped in the reverse order. */
export class Parts {
  readonly #logger: Logger;
  readonly #started: { name: string; part: Running }[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, part: Running): void {
    this.#started.push({ name, part });
  }

  /** Stops every part once; one that fails does not keep the others running. @returns whether all stopped cleanly */
  async stop(): Promise<boolean> {
    let clean = true;
    for (const { name, part } of this.#started.splice(0).reverse()) {
      try {
        await part.stop();
      } catch (error) {
        this.#logger.error({ err: error, part: name }, 'did not stop cleanly');
        clean = false;
      }
    }
    return clean;
  }
}
