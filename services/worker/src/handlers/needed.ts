import type { StallLimits } from '@holdfast/pipeline';
import type { Settings } from '@holdfast/shared/config';
import { HoldfastError, type Destination, type ObjectStore } from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';

/** Narrows a row that the work cannot do without. @throws HoldfastError configuration */
export function needed<T>(row: T | null, what: string): T {
  if (row === null) throw new HoldfastError('configuration', `The ${what} of this work does not exist any more.`);
  return row;
}

/** How long each side of a stream may stand still. The store has a patience of its own, so this is its last resort. */
export const stallLimits = (settings: Settings): StallLimits => ({
  dumpSeconds: settings.HOLDFAST_STALL_SECONDS,
  storeSeconds: settings.HOLDFAST_STORE_PATIENCE_SECONDS + settings.HOLDFAST_STALL_SECONDS,
  restoreSeconds: settings.HOLDFAST_RESTORE_STALL_SECONDS,
});

/** Opens the store of a destination for as long as `work` runs. */
export async function withStore<T>(
  deps: HandlerDeps,
  destinationId: number,
  work: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const destination: Destination = needed(await deps.persistence.destinations.find(destinationId), 'destination');
  const store = deps.openStore(destination);
  try {
    return await work(store);
  } finally {
    await store.close().catch((error: unknown) => deps.logger.warn({ err: error }, 'a store did not close'));
  }
}
