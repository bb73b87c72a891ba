import type { JobHandlers } from '@holdfast/shared/contracts';
import { knowsSomething, toHoldfastError, type PublicError } from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';
import { closedAtEnd, runUnderLease, type DestinationRun } from '../destination-run.ts';
import { Run } from '../reconciliation/run.ts';
import { needed, withStore } from './needed.ts';

/** After a comparison that failed the next one comes sooner. */
const soonerAfterFailure = 24;

/** Compares the catalogue with what a destination holds, under a lease, so that each destination has one at a time. */
export function reconcileHandler(deps: HandlerDeps): JobHandlers['destination.reconcile@1'] {
  return (job, { signal }) => runUnderLease(deps, deps.persistence.reconciliations, job, signal, compareOnce);
}

async function compareOnce({ deps, destinationId, run: number, logger, signal }: DestinationRun): Promise<void> {
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
    await withStore(deps, destinationId, (store) =>
      closedAtEnd(store, signal, async () => {
        const run = new Run({ deps, destination, store, run: number, signal, logger });
        await run.compare();
        compared = run;
        const capabilities = await store.capabilities(signal);
        if (knowsSomething(capabilities)) await destinations.setCapabilities(destinationId, capabilities);
        await run.removeOrphans();
      }),
    );
    await end({ run: compared, error: null });
  } catch (thrown) {
    if (signal.aborted) {
      logger.warn({ reason: toHoldfastError(signal.reason).message }, 'reconciliation stopped');
      return await reconciliations.handBack(destinationId, number);
    }
    await end({ run: compared, error: toHoldfastError(thrown).toPublic() });
  }
}
