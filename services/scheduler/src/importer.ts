import { importJobId } from '@holdfast/shared/contracts';
import type { SchedulerDeps } from './deps.ts';
import { ring } from './ring.ts';

/** Destinations that are read at once: it may take long, and workers have other things to do. */
const importedAtOnce = 2;

/** Rings for the imports that somebody asked for, again until they have ended. */
export async function importRequested(deps: SchedulerDeps): Promise<void> {
  const { persistence, settings } = deps;
  const due = await persistence.imports.takeDue(importedAtOnce, settings.HOLDFAST_RING_AGAIN_SECONDS);
  for (const payload of due) {
    await ring(deps, 'destination.import@1', payload, importJobId(payload.destinationId));
  }
}
