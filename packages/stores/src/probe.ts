import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  HoldfastError,
  ObjectLockedError,
  probeKey,
  toHoldfastError,
  type Ids,
  type ObjectStore,
  type StoreProbe,
} from '@holdfast/shared/domain';

const deadlineMs = 14_000;
const cleanUpMs = 5000;

/** What one kind of store tries beside the rest, on the object that the trial wrote. */
export interface ProbeStep {
  /** What it means that it failed, for the sentence. */
  what: string;
  run: (key: string, signal: AbortSignal) => Promise<void>;
}

/** The trial behind `ObjectStore.probe`: write, find, read back, what is particular to the store, remove. */
export async function probeStore(
  store: ObjectStore,
  ids: Ids,
  signal: AbortSignal,
  particular: readonly ProbeStep[] = [],
): Promise<StoreProbe> {
  const key = probeKey(ids.uuid());
  const content = Buffer.from(`Written by Holdfast to test this destination; may be removed. ${key}`);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs - cleanUpMs)]);
  const problems: string[] = [];
  const step = async (what: string, run: () => Promise<void>): Promise<boolean> => {
    try {
      await withDeadline(run(), limited);
      return true;
    } catch (error) {
      problems.push(`${what}: ${describe(error)}`);
      return false;
    }
  };
  const written = await step('Writing an object failed', async () => {
    await store.put(key, Readable.from([content]), { signal: limited });
  });
  if (!written) return { ok: false, problems };
  await step('Reading the object back failed', async () => {
    const read = await buffer(await store.get(key, { signal: limited }));
    if (!read.equals(content)) throw new HoldfastError('integrity', 'Other bytes came back than were written.');
  });
  await step('Listing objects failed, which is needed to clean up after failed backups', async () => {
    for await (const object of store.list(key)) if (object.key === key) return;
    throw new HoldfastError('store_failed', 'The object that was just written is not in the list.');
  });
  await step('Listing unfinished uploads failed, which is needed to clean up after failed backups', async () => {
    for await (const upload of store.listUploads(key)) if (upload.key === key) return;
  });
  for (const { what, run } of particular) await step(what, () => run(key, limited));
  try {
    await withDeadline(store.delete(key), AbortSignal.timeout(cleanUpMs));
  } catch (error) {
    problems.push(
      error instanceof ObjectLockedError
        ? `The bucket locks everything by a rule of its own: take its default retention away, as object_lock of the destination locks what is to be locked. ${error.message}`
        : `Removing the object "${key}" failed, so old backups could not be removed: ${describe(error)}`,
    );
  }
  return { ok: problems.length === 0, problems };
}

function describe(thrown: unknown): string {
  return toHoldfastError(thrown).message;
}

async function withDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new HoldfastError('timed_out', 'The store did not answer in time.'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
