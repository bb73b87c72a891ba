import { discardAttempt } from '@holdfast/pipeline';
import type { JobHandlers } from '@holdfast/shared/contracts';
import {
  HoldfastError,
  ObjectLockedError,
  toHoldfastError,
  type BackupAttempt,
  type ObjectStore,
} from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';
import { withStore } from './needed.ts';

/**
 * Removes the objects of a backup whose deletion is due, and records it when the store itself says that none is left. What
 * cannot be taken back is recorded before the first object is touched. A failure is recorded and tried again; what the
 * store keeps locked is removed when the lock ends.
 */
export function deleteHandler(deps: HandlerDeps): JobHandlers['backup.delete@1'] {
  const { backups } = deps.persistence;
  return async ({ backupId, requestId }) => {
    const logger = deps.logger.child({ backupId, requestId });
    const begun = await backups.beginRemoval(backupId);
    if (begun === 'spared') return logger.warn('not deleted: its database has no other good backup any more');
    const found = begun && (await backups.findDeletable(backupId));
    if (!found) return logger.debug('nothing to delete');
    const { backup, attempts } = found;
    try {
      await withStore(deps, backup.destinationId, (store) => removeObjects(store, attempts));
    } catch (thrown) {
      if (thrown instanceof ObjectLockedError && thrown.until) {
        await backups.postponeRemoval(backupId, thrown.until);
        return logger.info({ until: thrown.until }, 'backup not deleted yet: its store keeps it locked');
      }
      const error = toHoldfastError(thrown);
      await backups.deletionFailed(backupId, error.toPublic());
      return logger.error({ alert: 'deletion_failed', ...error.toPublic() }, 'backup not deleted, will be tried again');
    }
    await backups.markDeleted(backupId);
    logger.info('backup deleted');
  };
}

async function removeObjects(store: ObjectStore, attempts: readonly BackupAttempt[]): Promise<void> {
  for (const { prefix } of attempts) {
    await discardAttempt(store, prefix);
    for await (const { key } of store.list(prefix)) {
      throw new HoldfastError('store_failed', `The store still lists ${key} after it was removed.`);
    }
    for await (const key of store.listHidden(prefix)) {
      throw new HoldfastError('store_failed', `The store still keeps versions of ${key} after it was removed.`);
    }
    for await (const { key } of store.listUploads(prefix)) {
      throw new HoldfastError('store_failed', `The store still lists an upload of ${key} after it was removed.`);
    }
  }
}
