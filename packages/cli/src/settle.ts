import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from './context.ts';
import { CliError, exits } from './exits.ts';

const pauseMs = 500;

/** Looks until something has ended that shows no progress. @throws CliError interrupted: it goes on */
export async function untilSettled<T>(
  context: Context,
  { look, isSettled, what }: { look: () => Promise<T | undefined>; isSettled: (state: T) => boolean; what: string },
): Promise<T> {
  try {
    for (;;) {
      const state = await look();
      if (state !== undefined && isSettled(state)) return state;
      await pause(pauseMs, undefined, { signal: context.signal });
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new CliError(exits.interrupted, `Interrupted. ${what} goes on.`);
  }
}
