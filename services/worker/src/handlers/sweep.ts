import { discardAttempt } from '@holdfast/pipeline';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { ObjectLockedError } from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';
import { withStore } from './needed.ts';

/**
 * Removes what an attempt that ended without settling left in its destination. Everything is read from the rows: an
 * attempt that still runs, has settled, or was swept already is not touched. What the store keeps locked is swept when the
 * lock ends.
 */
export function sweepHandler(deps: HandlerDeps): JobHandlers['attempt.sweep@1'] {
  const { backups } = deps.persistence;
  return async ({ backupId, attempt, requestId }) => {
    const logger = deps.logger.child({ backupId, attempt, requestId });
    const left = await backups.findAttempt(backupId, attempt);
    if (!left || left.endedAt === null || left.settled || left.sweptAt !== null) {
      return logger.debug('nothing to sweep');
    }
    const backup = await backups.find(backupId);
    if (backup?.manifestKey?.startsWith(left.prefix)) {
      return logger.error({ prefix: left.prefix }, 'not swept: the backup stands on this attempt');
    }
    try {
      await withStore(deps, left.destinationId, (store) => discardAttempt(store, left.prefix));
    } catch (thrown) {
      if (!(thrown instanceof ObjectLockedError) || !thrown.until) throw thrown;
      await backups.postponeSweep(backupId, attempt, thrown.until);
      return logger.info({ prefix: left.prefix, until: thrown.until }, 'not swept yet: the store keeps it locked');
    }
    await backups.markSwept(backupId, attempt);
    logger.info({ prefix: left.prefix }, 'attempt swept');
  };
}
