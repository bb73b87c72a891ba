import type { JobHandlers } from '@holdfast/shared/contracts';
import { toHoldfastError } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { HandlerDeps } from '../deps.ts';
import { ImportRun } from '../importing/run.ts';
import { HeldLease } from '../lease.ts';
import { withStore } from './needed.ts';

/** Reads the backups of a destination into the catalogue, under a lease, so that each destination has one run at a time. */
export function importHandler(deps: HandlerDeps): JobHandlers['destination.import@1'] {
  const { persistence, settings } = deps;
  const { imports } = persistence;
  return async ({ destinationId, requestId }, { signal }) => {
    const logger = deps.logger.child({ destinationId, requestId });
    const leaseSeconds = settings.HOLDFAST_LEASE_SECONDS;
    const claimedAt = performance.now();
    const run = await imports.begin(destinationId, leaseSeconds);
    if (run === null) return logger.debug('nothing to import');
    const lease = new HeldLease({
      claimedAt,
      leaseSeconds,
      heartbeatSeconds: settings.HOLDFAST_HEARTBEAT_SECONDS,
      beat: async () => ((await imports.extend(destinationId, run, leaseSeconds)) ? 'ok' : 'lost'),
      isCancelRequested: async () => false,
      logger,
    });
    try {
      await importOnce({ deps, destinationId, run, logger, signal: AbortSignal.any([signal, lease.signal]) });
    } finally {
      lease.release();
    }
  };
}

interface Importing {
  deps: HandlerDeps;
  destinationId: number;
  run: number;
  logger: Logger;
  signal: AbortSignal;
}

async function importOnce({ deps, destinationId, run: number, logger, signal }: Importing): Promise<void> {
  const { imports } = deps.persistence;
  try {
    const report = await withStore(deps, destinationId, async (store) => {
      // What waits for the store hears of it at once.
      const close = (): void => void store.close().catch(() => undefined);
      signal.addEventListener('abort', close, { once: true });
      try {
        const run = new ImportRun({ deps, destinationId, store, signal, logger });
        await run.run();
        return run.report;
      } finally {
        signal.removeEventListener('abort', close);
      }
    });
    await imports.end(destinationId, number, { report, error: null });
    const { manifests, imported, known, databases, damagedCount, refusedCount } = report;
    logger.info({ manifests, imported, known, databases, damagedCount, refusedCount }, 'import ended');
  } catch (thrown) {
    if (signal.aborted) {
      logger.warn({ reason: toHoldfastError(signal.reason).message }, 'import stopped');
      return await imports.handBack(destinationId, number);
    }
    const error = toHoldfastError(thrown).toPublic();
    logger.error({ ...error }, 'import failed');
    await imports.end(destinationId, number, { report: null, error });
  }
}
