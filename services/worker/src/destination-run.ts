import type { DestinationRunRepository } from '@holdfast/persistence';
import type { ObjectStore } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { HandlerDeps } from './deps.ts';
import { HeldLease } from './lease.ts';

/** A run over a whole destination that this worker has begun. */
export interface DestinationRun {
  deps: HandlerDeps;
  destinationId: number;
  /** Its number. */
  run: number;
  /** Aborted when the lease was lost or the worker must end. */
  signal: AbortSignal;
  logger: Logger;
}

/** Begins the run of a destination that is due and holds its lease as long as `work` takes; without one it ends quietly. */
export async function runUnderLease(
  deps: HandlerDeps,
  runs: DestinationRunRepository,
  { destinationId, requestId }: { destinationId: number; requestId: string | null },
  stopping: AbortSignal,
  work: (run: DestinationRun) => Promise<void>,
): Promise<void> {
  const logger = deps.logger.child({ destinationId, requestId });
  const { HOLDFAST_LEASE_SECONDS: leaseSeconds, HOLDFAST_HEARTBEAT_SECONDS: heartbeatSeconds } = deps.settings;
  const claimedAt = performance.now();
  const run = await runs.begin(destinationId, leaseSeconds);
  if (run === null) return logger.debug('nothing to begin');
  const lease = new HeldLease({
    claimedAt,
    leaseSeconds,
    heartbeatSeconds,
    beat: async () => ((await runs.extend(destinationId, run, leaseSeconds)) ? 'ok' : 'lost'),
    isCancelRequested: async () => false,
    logger,
  });
  try {
    await work({ deps, destinationId, run, logger, signal: AbortSignal.any([stopping, lease.signal]) });
  } finally {
    lease.release();
  }
}

/** Uses a store so that what waits for it hears of the end at once. */
export async function closedAtEnd<T>(store: ObjectStore, signal: AbortSignal, use: () => Promise<T>): Promise<T> {
  const close = (): void => void store.close().catch(() => undefined);
  signal.addEventListener('abort', close, { once: true });
  try {
    return await use();
  } finally {
    signal.removeEventListener('abort', close);
  }
}
