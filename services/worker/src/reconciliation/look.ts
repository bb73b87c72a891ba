import type { Damage, ExpectedBackup, ObjectStore } from '@holdfast/shared/domain';

/**
 * Asks the store for each object of a backup by its key, as a list may lag behind.
 * @returns what is wrong with the first one that is not as recorded; null when all are
 */
export async function look(store: ObjectStore, { objects }: ExpectedBackup): Promise<Damage | null> {
  for (const { key, size } of objects) {
    const stored = await store.head(key);
    if (!stored) return { state: 'missing', detail: `${key} is missing.` };
    if (size !== null && stored.size !== size) {
      return { state: 'changed', detail: `${key} has ${stored.size} bytes instead of ${size}.` };
    }
  }
  return null;
}
