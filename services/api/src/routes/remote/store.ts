import { toHoldfastError, type Backup } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { withinSeconds } from '../../http/time-limit.ts';

/** Seconds that a store may take; the patience of clients ends at 30. */
const storeSeconds = 20;
const tidySeconds = 5;

/** Seconds after which a process that was completing a backup counts as gone: longer than it can take. */
export const completingSeconds = storeSeconds + 10;

/**
 * Works with a store for so long that the client still hears the answer, and also when it has left: a store that goes on
 * working is found to have finished by the next try.
 * @throws HoldfastError timed_out
 */
export const inTime = <T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withinSeconds(storeSeconds, new AbortController().signal, run);

/** Does what the sweep would do later if it failed now. */
export async function tidily(log: Logger, { id }: Backup, what: string, run: () => Promise<void>): Promise<void> {
  try {
    await withinSeconds(tidySeconds, new AbortController().signal, run);
  } catch (error) {
    log.warn({ backupId: id, reason: toHoldfastError(error).message }, `${what} failed`);
  }
}
