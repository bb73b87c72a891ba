import type { JobHandlers } from '@holdfast/shared/contracts';
import { knowsSomething, toHoldfastError, type PublicError } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { HandlerDeps } from '../deps.ts';
import { HeldLease } from '../lease.ts';
import { Run } from '../reconciliation/run.ts';
import { needed, withStore } from './needed.ts';

/** After a comparison that failed the next one comes sooner. */
const soonerAfterFailure = 24;

/** Compares the catalogue with what a destination holds, under a lease, so that each destination has one at a time. */
export function reconcileHandler(deps: HandlerDeps): JobHandlers['destination.reconcile@1'] {
  const { persistence, settings } = deps;
  const { reconciliations } = persistence;
  return async ({ destinationId, requestId }, { signal }) => {
    const logger = deps.logger.child({ destinationId, requestId });
    const leaseSeconds = settings.HOLDFAST_LEASE_SECONDS;
    const claimedAt = performance.now();
    const run = await reconciliations.begin(destinationId, leaseSeconds);
    if (run === null) return logger.debug('nothing to compare');
    const lease = new HeldLease({
      claimedAt,
      leaseSeconds,
      heartbeatSeconds: settings.HOLDFAST_HEARTBEAT_SECONDS,
      beat: async () => ((await reconciliations.extend(destinationId, run, leaseSeconds)) ? 'ok' : 'lost'),
      isCancelRequested: async () => false,
      logger,
    });
    try {
      await compareOnce({ deps, destinationId, run, logger, signal: AbortSignal.any([signal, lease.signal]) });
    } finally {
      lease.release();
    }
  };
}

interface Comparison {
  deps: HandlerDeps;
  destinationId: number;
  run: number;
  logger: Logger;
  signal: AbortSignal;
}

async function compareOnce({ deps, destinationId, run: number, logger, signal }: Comparison): Promise<void> {
  const { reconciliations, destinations } = deps.persistence;
  const period = deps.settings.HOLDFAST_RECONCILE_SECONDS;
  const end = async (result: { run: Run | null; error: PublicError | null }): Promise<void> => {
    const report = result.run?.report ?? null;
    const again = result.error ? period / soonerAfterFailure : period;
    await reconciliations.end(destinationId, number, { report, error: result.error }, again);
    if (report && report.missing + report.changed > 0) {
      logger.error({ alert: 'backup_damaged', ...report }, 'stored backups are missing or changed');
    }
    if (result.error) logger.error({ alert: 'reconciliation_failed', ...result.error }, 'reconciliation failed');
    else logger.info({ ...report }, 'reconciliation ended');
  };
  let compared: Run | null = null;
  try {
    const destination = needed(await destinations.find(destinationId), 'destination');
    await withStore(deps, destinationId, async (store) => {
      // What waits for the store hears of it at once.
      const close = (): void => void store.close().catch(() => undefined);
      signal.addEventListener('abort', close, { once: true });
      try {
        const run = new Run({ deps, destination, store, run: number, signal, logger });
        await run.compare();
        compared = run;
        const capabilities = await store.capabilities(signal);
        if (knowsSomething(capabilities)) await destinations.setCapabilities(destinationId, capabilities);
        await run.removeOrphans();
      } finally {
        signal.removeEventListener('abort', close);
      }
    });
    await end({ run: compared, error: null });
  } catch (thrown) {
    if (signal.aborted) {
      logger.warn({ reason: toHoldfastError(signal.reason).message }, 'reconciliation stopped');
      return await reconciliations.handBack(destinationId, number);
    }
    await end({ run: compared, error: toHoldfastError(thrown).toPublic() });
  }
}
