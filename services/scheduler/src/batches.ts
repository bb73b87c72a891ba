/**
 * Takes batches until one is not full, and hands each item to `act`, at most `parallel` at a time.
 * @param take returns at most `limit` items and never the same one twice in a row, or this would not end
 */
export async function inBatches<T>(
  take: (limit: number) => Promise<readonly T[]>,
  act: (item: T) => Promise<void>,
  options: { limit: number; parallel: number; signal: AbortSignal },
): Promise<void> {
  const { limit, parallel, signal } = options;
  let taken: readonly T[];
  do {
    taken = await take(limit);
    const rest = taken.values();
    const lane = async (): Promise<void> => {
      for (const item of rest) await act(item);
    };
    await Promise.all(Array.from({ length: parallel }, lane));
  } while (taken.length === limit && !signal.aborted);
}
