import { discardAttempt } from '@holdfast/pipeline';
import type { JobHandlers } from '@holdfast/shared/contracts';
import type { HandlerDeps } from '../deps.ts';
import { withStore } from './needed.ts';

/**
 * Removes what an attempt that ended without settling left in its destination. Everything is read from the rows: an
 * attempt that still runs, has settled, or was swept already is not touched.
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
    await withStore(deps, left.destinationId, (store) => discardAttempt(store, left.prefix));
    await backups.markSwept(backupId, attempt);
    logger.info({ prefix: left.prefix }, 'attempt swept');
  };
}
