import { discardAttempt, runBackup, zstd, type BackupOutcome } from '@holdfast/pipeline';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { attemptPrefix, connectionOf, type Backup } from '@holdfast/shared/domain';
import { Attempt, type AttemptKind } from '../attempt.ts';
import type { HandlerDeps } from '../deps.ts';
import { needed, stallLimits, withStore } from './needed.ts';

/** Makes a backup: claims its row, streams the dump into the store, settles. */
export function backupHandler(deps: HandlerDeps): JobHandlers['backup.run@1'] {
  const { persistence, engines, clock, ids, settings } = deps;
  const limits = stallLimits(settings);
  const codecs = [zstd(settings.HOLDFAST_COMPRESSION_LEVEL)];
  const kind: AttemptKind<Backup, BackupOutcome> = {
    name: 'backup',
    repository: persistence.backups,
    run: async (backup, { signal, onProgress }) => {
      const database = connectionOf(needed(await persistence.databases.find(backup.databaseId), 'database'));
      const engine = engines.get(backup.engine);
      return withStore(deps, backup.destinationId, (store) =>
        runBackup({ backup, database, engine, store, codecs, ids, clock, limits, signal, onProgress }),
      );
    },
    settle: ({ id, attempt }, { files, manifestKey }) =>
      persistence.backups.settle(id, attempt, { files, manifestKey }),
    summary: ({ files }) => ({ storedBytes: files.reduce((sum, file) => sum + file.size, 0) }),
    discard: (backup) =>
      withStore(deps, backup.destinationId, (store) => discardAttempt(store, attemptPrefix(backup, backup.attempt))),
  };
  return ({ backupId }) => Attempt.run(deps, kind, backupId);
}
