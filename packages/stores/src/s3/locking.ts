import { HoldfastError, type ObjectRetention } from '@holdfast/shared/domain';
import { isAway } from './errors.ts';
import type { S3Requests } from './requests.ts';
import { isWeaker, type DescribedObject } from './verify.ts';

/**
 * Looks at what the store holds. What it has not locked as asked is locked now: Ceph forgets the lock of an object made of
 * parts, and those that others upload are locked when they are whole.
 */
export async function lookLocked(
  requests: S3Requests,
  key: string,
  retention: ObjectRetention | undefined,
  signal: AbortSignal,
): Promise<DescribedObject | null> {
  const found = await requests.head(key, signal);
  if (!found || !retention || (found.retention && !isWeaker(found.retention, retention))) return found;
  try {
    await requests.putRetention(key, retention, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof HoldfastError) || isAway(error)) throw error;
    // Whoever may not lock has not: the check of what is found says so.
    return found;
  }
  return await requests.head(key, signal);
}
