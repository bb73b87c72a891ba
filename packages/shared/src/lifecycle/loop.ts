import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/logger.ts';
import type { Running } from './shutdown.ts';

/**
 * Runs `turn` again and again with a pause of `pauseMs` after each. A turn that throws is logged and tried again: a loop
 * never ends because a server was away for a while. `stop` waits for the turn that runs.
 */
export function startLoop(
  name: string,
  pauseMs: number,
  turn: (signal: AbortSignal) => Promise<void>,
  logger: Logger,
): Running {
  const controller = new AbortController();
  const { signal } = controller;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await turn(signal);
      } catch (error) {
        if (!signal.aborted) logger.error({ err: error, loop: name }, 'turn failed, will try again');
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const ended = run();
  return {
    stop: async () => {
      controller.abort();
      await ended;
    },
  };
}
