import type { Running } from '@holdfast/shared/lifecycle';
import type { Logger } from '@holdfast/shared/observability';

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

  /** Stops every part once; one that fails does not keep the others running. */
  async stop(): Promise<void> {
    for (const { name, part } of this.#started.splice(0).reverse()) {
      try {
        await part.stop();
      } catch (error) {
        this.#logger.error({ err: error, part: name }, 'did not stop cleanly');
      }
    }
  }
}
