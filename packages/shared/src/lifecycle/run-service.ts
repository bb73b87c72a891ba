import { HoldfastError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { Parts } from './parts.ts';

export interface ServiceOptions {
  logger: Logger;
  /** Seconds for all parts to stop; then the process is ended by force. */
  graceSeconds: number;
  /** Hears of the first signal at once, before anything is stopped. */
  onStopping?: () => void;
}

/**
 * Starts a service, waits for SIGTERM or SIGINT, and stops what was started, the last first. A signal that comes during the
 * start aborts `stopping`, and ends the service as well. A second signal, or a stop that takes longer than `graceSeconds`,
 * ends the process at once with exit code 1; leases make that safe.
 * @param start adds what it has started; what it throws, but for the answer to `stopping`, is passed on
 */
export async function runService(
  { logger, graceSeconds, onStopping }: ServiceOptions,
  start: (parts: Parts, stopping: AbortSignal) => Promise<void>,
): Promise<void> {
  const parts = new Parts(logger);
  const stopping = new AbortController();
  const force = (): never => {
    logger.error('stopped by force: work that ran is taken over when its lease ends');
    process.exit(1);
  };
  let timer: NodeJS.Timeout | undefined;
  const signalled = new Promise<void>((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      logger.info({ signal }, 'stopping');
      process.removeListener('SIGTERM', stop).removeListener('SIGINT', stop);
      process.once('SIGTERM', force).once('SIGINT', force);
      timer = setTimeout(force, graceSeconds * 1000);
      onStopping?.();
      stopping.abort(new HoldfastError('stopping'));
      resolve();
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  });
  try {
    await start(parts, stopping.signal);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    if (error !== stopping.signal.reason) logger.warn({ err: error }, 'the start was broken off');
  }
  await signalled;
  if (!(await parts.stop())) process.exitCode = 1;
  clearTimeout(timer);
  process.removeListener('SIGTERM', force).removeListener('SIGINT', force);
  logger.info('stopped');
}
