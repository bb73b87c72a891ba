import { HoldfastError, manifestName, type ObjectStore } from '@holdfast/shared/domain';

/**
 * Removes every object and every open upload of one attempt, where the place keeps versions with all of them. The manifest goes first, so that what is left half-way is
 * never taken for a whole backup. May be repeated.
 * @param prefix the attempt's folder, as `attemptPrefix` names it
 */
export async function discardAttempt(store: ObjectStore, prefix: string): Promise<void> {
  if (!/\/a[1-9]\d*\/$/.test(prefix)) {
    throw new HoldfastError('internal', `"${prefix}" is not the folder of an attempt: nothing was removed.`);
  }
  await store.delete(prefix + manifestName);
  for await (const upload of store.listUploads(prefix)) await store.abortUpload(upload);
  for await (const object of store.list(prefix)) await store.delete(object.key);
  for await (const key of store.listHidden(prefix)) await store.delete(key);
}
