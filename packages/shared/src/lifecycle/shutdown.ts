import type { Logger } from '../observability/logger.ts';

/** Something that runs until it is told to stop. */
export interface Running {
  /** Takes no new work, ends or hands back what runs, and frees every resource. */
  stop(): Promise<void>;
}

/**
 * Waits for SIGTERM or SIGINT, then stops in the given order, each part once. A second signal, or a stop that takes
 * longer than `graceSeconds`, ends the process at once with exit code 1; leases make that safe.
 */
export async function untilSignal(
  parts: readonly (readonly [name: string, part: Running])[],
  options: { logger: Logger; graceSeconds: number },
): Promise<void> {
  const { logger, graceSeconds } = options;
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  logger.info({ signal }, 'stopping');
  const force = (): never => {
    logger.error('stopped by force: work that ran is taken over when its lease ends');
    process.exit(1);
  };
  process.once('SIGTERM', force);
  process.once('SIGINT', force);
  const timer = setTimeout(force, graceSeconds * 1000);
  for (const [name, part] of parts) {
    try {
      await part.stop();
    } catch (error) {
      logger.error({ err: error, part: name }, 'did not stop cleanly');
      process.exitCode = 1;
    }
  }
  clearTimeout(timer);
  process.removeListener('SIGTERM', force);
  process.removeListener('SIGINT', force);
  logger.info('stopped');
}
