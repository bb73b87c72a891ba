import {
  knowsSomething,
  toHoldfastError,
  type Destination,
  type ObjectStore,
  type PublicError,
  type StoreCapabilities,
  type StoreProbe,
} from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { ApiDeps } from '../deps.ts';
import { withinSeconds } from '../http/time-limit.ts';

/** Seconds that a trial may take, so that its answer comes before clients lose patience. */
export const probeSeconds = 12;

export interface Probing {
  deps: ApiDeps;
  log: Logger;
  signal: AbortSignal;
}

/** What a failed trial tells the client; what was not foreseen goes to the log. */
export function failureOfProbe(thrown: unknown, log: Logger): PublicError {
  const error = toHoldfastError(thrown);
  if (error.code === 'internal') log.error({ err: thrown }, 'a probe failed unexpectedly');
  return error.toPublic();
}

/** Writes, reads back and removes a small object; every failure becomes a problem in words. */
export async function probeStore(probing: Probing, destination: Destination): Promise<StoreProbe> {
  return await onStore(probing, destination, (store, limited) => store.probe(limited));
}

/** The same, and asks what the place can do; nothing is said of that where nothing could be learned. */
export async function tryStore(
  probing: Probing,
  destination: Destination,
): Promise<StoreProbe & { capabilities?: StoreCapabilities }> {
  return await onStore(probing, destination, async (store, limited) => {
    const [probe, capabilities] = await Promise.all([store.probe(limited), store.capabilities(limited)]);
    return { ...probe, ...(knowsSomething(capabilities) ? { capabilities } : {}) };
  });
}

async function onStore<T extends StoreProbe>(
  { deps, log, signal }: Probing,
  destination: Destination,
  run: (store: ObjectStore, limited: AbortSignal) => Promise<T>,
): Promise<T | StoreProbe> {
  try {
    const store = deps.openStore(destination);
    try {
      return await withinSeconds(probeSeconds, signal, (limited) => run(store, limited));
    } finally {
      await store.close();
    }
  } catch (error) {
    return { ok: false, problems: [failureOfProbe(error, log).message] };
  }
}
