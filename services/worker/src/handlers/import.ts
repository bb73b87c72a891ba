import type { JobHandlers } from '@holdfast/shared/contracts';
import { toHoldfastError } from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';
import { closedAtEnd, runUnderLease, type DestinationRun } from '../destination-run.ts';
import { ImportRun } from '../importing/run.ts';
import { withStore } from './needed.ts';

/** Reads the backups of a destination into the catalogue, under a lease, so that each destination has one run at a time. */
export function importHandler(deps: HandlerDeps): JobHandlers['destination.import@1'] {
  return (job, { signal }) => runUnderLease(deps, deps.persistence.imports, job, signal, importOnce);
}

async function importOnce({ deps, destinationId, run: number, logger, signal }: DestinationRun): Promise<void> {
  const { imports } = deps.persistence;
  try {
    const report = await withStore(deps, destinationId, (store) =>
      closedAtEnd(store, signal, async () => {
        const run = new ImportRun({ deps, destinationId, store, signal, logger });
        await run.run();
        return run.report;
      }),
    );
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
