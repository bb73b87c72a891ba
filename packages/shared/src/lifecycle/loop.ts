import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/logger.ts';
import { observe, type Observers } from '../observability/observers.ts';
import type { Running } from './parts.ts';

/**
 * Runs `turn` again and again with a pause of `pauseMs` after each. A turn that throws is tried again: a loop never ends
 * because a server was away for a while. The first of a row of failures is logged, and the first success after them. `stop`
 * waits for the turn that runs.
 * @param observers hears of every turn, where somebody counts
 */
export function startLoop(
  name: string,
  pauseMs: number,
  turn: (signal: AbortSignal) => Promise<void>,
  logger: Logger,
  observers?: Pick<Observers, 'turnEnded'>,
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
  const ended = (ok: boolean, startedAt: number): void =>
    observe(() => observers?.turnEnded({ loop: name, ok, seconds: (performance.now() - startedAt) / 1000 }));
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        await turn(signal);
        ended(true, startedAt);
        if (failures > 0) logger.info({ loop: name, failures }, 'turns succeed again');
        failures = 0;
      } catch (error) {
        ended(false, startedAt);
        failed(error);
      }
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const allEnded = run();
  return {
    stop: async () => {
      controller.abort();
      await allEnded;
    },
  };
}
