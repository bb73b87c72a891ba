import { runRestore, type RestoreOutcome } from '@holdfast/pipeline';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { connectionOf, HoldfastError, type Restore } from '@holdfast/shared/domain';
import { Attempt, type AttemptKind } from '../attempt.ts';
import type { HandlerDeps } from '../deps.ts';
import { needed, stallLimits, withStore } from './needed.ts';

const cleanUpMs = 10_000;

/** Restores a backup: claims the restore's row, streams the backup into its engine, settles. */
export function restoreHandler(deps: HandlerDeps): JobHandlers['restore.run@1'] {
  const { persistence, engines } = deps;
  const limits = stallLimits(deps.settings);

  const cleanUp = async ({ id, databaseId }: Restore, signal: AbortSignal): Promise<void> => {
    const database = needed(await persistence.databases.find(databaseId), 'database');
    await engines.get(database.type).cleanUpRestore(connectionOf(database), id, { signal });
  };

  const kind: AttemptKind<Restore, RestoreOutcome> = {
    name: 'restore',
    repository: persistence.restores,
    run: async (restore, { signal, onProgress }) => {
      const { fileIds } = restore;
      const backup = needed(await persistence.backups.find(restore.backupId), 'backup');
      const database = needed(await persistence.databases.find(restore.databaseId), 'database');
      const { manifestKey } = backup;
      if (manifestKey === null) throw new HoldfastError('object_missing', 'The backup is not whole yet.');
      const engine = engines.get(database.type);
      if (restore.attempt > 1) {
        await cleanUp(restore, signal);
        const { target, ownership, id: restoreId } = restore;
        const request = { target, ownership, restoreId };
        const found = await engine.findRestored(connectionOf(database), request, { signal });
        if (found !== null) return { outcome: found };
      }
      return withStore(deps, backup.destinationId, (store) =>
        runRestore({
          restore,
          manifestKey,
          database: connectionOf(database),
          engine,
          store,
          fileIds,
          limits,
          signal,
          onProgress,
        }),
      );
    },
    settle: ({ id, attempt }, { outcome }, bytes) => persistence.restores.settle(id, attempt, outcome, bytes),
    summary: ({ outcome }) => ({ outcome }),
    cleanUp: (restore) => cleanUp(restore, AbortSignal.timeout(cleanUpMs)),
  };
  return ({ restoreId }) => Attempt.run(deps, kind, restoreId);
}
