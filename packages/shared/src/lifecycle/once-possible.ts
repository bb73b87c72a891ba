import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, type ErrorCode } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';

/** What a service may have to wait for at its start, by the code of the error that tells of it. */
const awaited: Readonly<Partial<Record<ErrorCode, string>>> = { host_unreachable: 'database', configuration: 'schema' };

const pauseMs = 500;

export interface WaitOptions {
  logger: Logger;
  /** Aborted when the process must end. */
  stopping: AbortSignal;
  /** Hears what is waited for: `database` or `schema`. */
  onWaiting: (part: string) => void;
}

/**
 * Opens what needs the database, as soon as it is there and its schema fits: services may be started in any order. Each reason
 * to wait is logged once, and so is the end of the waiting.
 * @throws whatever waiting does not cure; the reason of `stopping`
 */
export async function oncePossible<T>(
  open: () => Promise<T>,
  { logger, stopping, onWaiting }: WaitOptions,
): Promise<T> {
  const told = new Set<string>();
  for (;;) {
    stopping.throwIfAborted();
    try {
      const opened = await open();
      if (told.size > 0) logger.info('what was waited for is there');
      return opened;
    } catch (error) {
      const part = error instanceof HoldfastError ? awaited[error.code] : undefined;
      if (part === undefined) throw error;
      onWaiting(part);
      const { message } = error as HoldfastError;
      if (!told.has(message)) logger.warn({ waitingFor: part, reason: message }, `waiting for the ${part}`);
      told.add(message);
    }
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}
