import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/logger.ts';
import type { Running } from './parts.ts';

/**
 * Runs `turn` again and again with a pause of `pauseMs` after each. A turn that throws is tried again: a loop never ends
 * because a server was away for a while. The first of a row of failures is logged, and the first success after them. `stop`
 * waits for the turn that runs.
 */
export function startLoop(
  name: string,
  pauseMs: number,
  turn: (signal: AbortSignal) => Promise<void>,
  logger: Logger,
): Running {
  const controller = new AbortController();
  const { signal } = controller;
  let failures = 0;
  const failed = (error: unknown): void => {
    if (signal.aborted) return;
    failures += 1;
    const fields = { err: error, loop: name, failures };
    if (failures === 1) logger.error(fields, 'turn failed, will try again');
    else logger.debug(fields, 'turn failed again');
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await turn(signal);
        if (failures > 0) logger.info({ loop: name, failures }, 'turns succeed again');
        failures = 0;
      } catch (error) {
        failed(error);
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
