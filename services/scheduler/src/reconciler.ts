import { reconciliationJobId } from '@holdfast/shared/contracts';
import type { SchedulerDeps } from './deps.ts';
import { ring } from './ring.ts';

/** Destinations that are compared at once: a comparison may take long, and workers have other things to do. */
const comparedAtOnce = 2;

/** Rings for the comparison of destinations that are due: each once in a period, and whenever somebody asked for it. */
export async function reconcile(deps: SchedulerDeps): Promise<void> {
  const { persistence, settings } = deps;
  const due = await persistence.reconciliations.takeDue(
    comparedAtOnce,
    settings.HOLDFAST_RECONCILE_SECONDS,
    settings.HOLDFAST_RING_AGAIN_SECONDS,
  );
  for (const payload of due) {
    await ring(deps, 'destination.reconcile@1', payload, reconciliationJobId(payload.destinationId));
  }
}
