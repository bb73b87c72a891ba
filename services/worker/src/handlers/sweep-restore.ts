import type { JobHandlers } from '@holdfast/shared/contracts';
import { connectionOf } from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';
import { needed } from './needed.ts';

const cleanUpMs = 60_000;

/**
 * Removes what a restore left on its server, which was away at the end or whose worker was: what it had built when it
 * failed, the old content when it was in place; and former content that was kept for as long as was asked for. One that has
 * not ended cleans up by itself, when its next attempt begins.
 */
export function sweepRestoreHandler(deps: HandlerDeps): JobHandlers['restore.sweep@1'] {
  const { restores, databases } = deps.persistence;
  return async ({ restoreId, requestId }) => {
    const logger = deps.logger.child({ restoreId, requestId });
    const restore = await restores.find(restoreId);
    if (!restore || restore.serverId !== null || !(restore.status === 'error' || restore.status === 'done')) {
      return logger.debug('nothing to sweep');
    }
    const database = needed(await databases.find(restore.databaseId), 'database');
    // It stays unswept, and is rung for again: another worker may know it.
    if (!deps.engines.types.includes(database.type)) return deps.leftToOthers(database.type);
    const signal = AbortSignal.timeout(cleanUpMs);
    const engine = deps.engines.get(database.type);
    await engine.cleanUpRestore(connectionOf(database), restoreId, { signal });
    if (await restores.mayDropFormer(restoreId)) {
      await engine.dropFormer(connectionOf(database), restoreId, { signal });
      await restores.markFormerDropped(restoreId);
    }
    await restores.markSwept(restoreId);
    logger.info('restore swept');
  };
}
