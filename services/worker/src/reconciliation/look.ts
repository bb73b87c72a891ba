import type { Damage, ExpectedBackup, ObjectStore } from '@holdfast/shared/domain';

/** What a look at the sizes of stored objects can tell. */
type SeenDamage = Damage & { state: 'missing' | 'changed' };

/**
 * Asks the store for each object of a backup by its key, as a list may lag behind.
 * @returns what is wrong with the first one that is not as recorded; null when all are
 */
export async function look(
  store: ObjectStore,
  { objects }: Pick<ExpectedBackup, 'objects'>,
): Promise<SeenDamage | null> {
  for (const { key, size } of objects) {
    const stored = await store.head(key);
    if (!stored) return { state: 'missing', detail: `${key} is missing.${await hintOn(store, key)}` };
    if (size !== null && stored.size !== size) {
      return { state: 'changed', detail: `${key} has ${stored.size} bytes instead of ${size}.` };
    }
  }
  return null;
}

/** Somebody may have hidden it only. */
async function hintOn(store: ObjectStore, key: string): Promise<string> {
  try {
    for await (const hidden of store.listHidden(key)) {
      if (hidden === key) return ' It was deleted, and an older version is still there: bring that back.';
    }
  } catch {
    // It is missing all the same.
  }
  return '';
}
