import { discardAttempt, runBackup, zstd, type BackupOutcome } from '@holdfast/pipeline';
import { backupKeysOf } from '@holdfast/shared/config';
import type { JobHandlers } from '@holdfast/shared/contracts';
import {
  attemptPrefix,
  connectionOf,
  lockTermsOf,
  type Backup,
  type LockTerms,
  type ObjectStore,
} from '@holdfast/shared/domain';
import { Attempt, type AttemptKind } from '../attempt.ts';
import type { HandlerDeps } from '../deps.ts';
import { withHooks } from '../hooks/around.ts';
import { needed, stallLimits, withStore } from './needed.ts';

/** Makes a backup: claims its row, streams the dump into the store, settles. */
export function backupHandler(deps: HandlerDeps): JobHandlers['backup.run@1'] {
  const { persistence, engines, clock, ids, settings } = deps;
  const limits = stallLimits(settings);
  const codecs = [zstd(settings.HOLDFAST_COMPRESSION_LEVEL)];
  const keys = backupKeysOf(settings);
  const content = {
    content: settings.HOLDFAST_CONTENT === 'off' ? null : settings.HOLDFAST_CONTENT,
    contentSeconds: settings.HOLDFAST_CONTENT_SECONDS,
  };
  const kind: AttemptKind<Backup, { made: BackupOutcome; warnings: string[] }> = {
    name: 'backup',
    repository: persistence.backups,
    run: async (backup, { signal, onProgress, onEngine }) => {
      onEngine(backup.engine);
      const registered = needed(await persistence.databases.find(backup.databaseId), 'database');
      const database = connectionOf(registered);
      const engine = engines.get(backup.engine);
      const lock = await lockOf(deps, backup);
      const make = (store: ObjectStore): Promise<BackupOutcome> =>
        runBackup({
          backup,
          database,
          engine,
          store,
          codecs,
          keys,
          content,
          ids,
          clock,
          limits,
          lock,
          signal,
          onProgress,
        });
      return withHooks(deps, { backup, database: registered, signal }, () =>
        withStore(deps, backup.destinationId, make),
      );
    },
    settle: ({ id, attempt }, { made, warnings }) => {
      const { files, manifest, manifestKey, manifestSha256, objectLockedUntil } = made;
      return persistence.backups.settle(id, attempt, {
        files,
        manifestKey,
        manifestSha256,
        recipients: manifest.recipients,
        warnings: [...(manifest.warnings ?? []), ...warnings],
        part: manifest.part ?? null,
        objectLockedUntil,
      });
    },
    summary: ({ made }) => ({ storedBytes: storedBytesOf(made) }),
    storedBytes: ({ made }) => storedBytesOf(made),
    discard: (backup) =>
      withStore(deps, backup.destinationId, (store) => discardAttempt(store, attemptPrefix(backup, backup.attempt))),
  };
  return ({ backupId }) => Attempt.run(deps, kind, backupId);
}

const storedBytesOf = ({ files }: BackupOutcome): number => files.reduce((sum, file) => sum + file.size, 0);

/** How its destination has it locked, and its schedule's rule of age. */
async function lockOf(
  { persistence: { destinations, schedules } }: HandlerDeps,
  { accountId, databaseId, destinationId, scheduleId }: Backup,
): Promise<LockTerms | null> {
  const destination = needed(await destinations.find(destinationId), 'destination');
  const schedule = scheduleId === null ? null : await schedules.findOwned(accountId, databaseId, scheduleId);
  return lockTermsOf(destination, schedule);
}
