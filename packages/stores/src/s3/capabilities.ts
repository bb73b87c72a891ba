import { DeleteObjectCommand, GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { HoldfastError, probeKey, type Ids, type StoreCapabilities } from '@holdfast/shared/domain';
import type { ProbeStep } from '../probe.ts';
import type { S3Connection } from './connection.ts';
import { isWithoutLock } from './errors.ts';
import type { Removals } from './removals.ts';

/** Whether the bucket can lock; null where nobody may ask. */
async function canLock(connection: S3Connection, signal: AbortSignal): Promise<boolean | null> {
  try {
    const { ObjectLockConfiguration: lock } = await connection.call(
      'Asking whether the bucket can lock objects',
      signal,
      (options) =>
        connection.client.send(new GetObjectLockConfigurationCommand({ Bucket: connection.target.bucket }), options),
    );
    return lock?.ObjectLockEnabled === 'Enabled';
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    if (isWithoutLock(error)) return false;
    if (error.code === 'store_denied') return null;
    throw error;
  }
}

/** Tries it on a key that nothing has; a bucket that keeps versions makes a delete marker of that, which is removed. */
async function mayDelete(
  connection: S3Connection,
  removals: Removals,
  ids: Ids,
  signal: AbortSignal,
): Promise<boolean | null> {
  const { bucket, prefix } = connection.target;
  const key = probeKey(ids.uuid());
  try {
    const { DeleteMarker: leftMarker } = await connection.call('Trying to delete', signal, (options) =>
      connection.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + key }), options),
    );
    if (leftMarker === true) await removals.delete(key, signal);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'store_denied') return false;
    throw error;
  }
}

/** What the bucket can do, and what the keys that write may do in it; null for each that could not be found out. */
export async function askCapabilities(
  connection: S3Connection,
  removals: Removals,
  ids: Ids,
  signal: AbortSignal,
): Promise<StoreCapabilities> {
  const [versioning, objectLock, writerMayDelete] = await Promise.all([
    orNull(removals.versioning(signal)),
    orNull(canLock(connection, signal)),
    orNull(mayDelete(connection, removals, ids, signal)),
  ]);
  return { versioning: versioning && versioning === 'Enabled', objectLock, writerMayDelete };
}

async function orNull<T>(question: Promise<T>): Promise<T | null> {
  return await question.catch(() => null);
}

/** Tries whether the locks that a destination asks for are possible, without locking anything. */
export function lockProbe(connection: S3Connection): ProbeStep {
  return {
    what: 'Locking objects is not possible',
    run: async (_key, signal) => {
      if ((await canLock(connection, signal)) !== false) return;
      throw new HoldfastError(
        'configuration',
        `The bucket "${connection.target.bucket}" has no Object Lock: use a bucket that was created with it, or remove object_lock from the destination.`,
      );
    },
  };
}
