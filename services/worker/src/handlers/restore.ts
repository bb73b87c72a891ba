import { requestOf, runRestore, type ContentRestore, type RestoreOutcome } from '@holdfast/pipeline';
import { backupKeysOf } from '@holdfast/shared/config';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { connectionOf, HoldfastError, isRestored, rolesStay, type Restore } from '@holdfast/shared/domain';
import { Attempt, type AttemptKind, type AttemptScope } from '../attempt.ts';
import type { HandlerDeps } from '../deps.ts';
import { needed, stallLimits, withStore } from './needed.ts';

const cleanUpMs = 10_000;

/** Restores a backup, or undoes a restore: claims the row, streams the backup into its engine or swaps content back, settles. */
export function restoreHandler(deps: HandlerDeps): JobHandlers['restore.run@1'] {
  const { persistence, engines } = deps;
  const limits = stallLimits(deps.settings);
  const keys = backupKeysOf(deps.settings);

  const cleanUp = async ({ id, databaseId }: Restore, signal: AbortSignal): Promise<void> => {
    const database = needed(await persistence.databases.find(databaseId), 'database');
    await engines.get(database.type).cleanUpRestore(connectionOf(database), id, { signal });
  };

  const bring = async (
    restore: ContentRestore,
    { signal, onProgress, onEngine }: AttemptScope,
  ): Promise<RestoreOutcome> => {
    const { id, attempt, fileIds } = restore;
    const backup = needed(await persistence.backups.find(restore.backupId), 'backup');
    const database = needed(await persistence.databases.find(restore.databaseId), 'database');
    onEngine(database.type);
    const { manifestKey, manifestSha256 } = backup;
    if (manifestKey === null) throw new HoldfastError('object_missing', 'The backup is not whole yet.');
    const engine = engines.get(database.type);
    if (attempt > 1) {
      await cleanUp(restore, signal);
      const found = await engine.findRestored(connectionOf(database), requestOf(restore), { signal });
      // What came before the dump, such as roles, was noted by the attempt that nobody heard of.
      if (found)
        return { ...found, outcome: [restore.outcome, found.outcome].filter((part) => part !== null).join(' ') };
    }
    const onPart = (done: string): Promise<boolean> =>
      persistence.restores.notePart(id, attempt, done).then(
        () => true,
        (error: unknown) => {
          deps.logger.warn({ err: error, restoreId: id }, 'what is restored so far was not noted');
          return false;
        },
      );
    return await withStore(deps, backup.destinationId, (store) =>
      runRestore({
        restore,
        manifestKey,
        manifestSha256,
        database: connectionOf(database),
        engine,
        store,
        keys,
        fileIds,
        compares: deps.settings.HOLDFAST_CONTENT !== 'off',
        limits,
        signal,
        onProgress,
        onPart,
      }),
    );
  };

  const undo = async (
    { id, databaseId }: Restore,
    undone: string,
    { signal, onEngine }: AttemptScope,
  ): Promise<string> => {
    const database = needed(await persistence.databases.find(databaseId), 'database');
    onEngine(database.type);
    const engine = engines.get(database.type);
    const leavesRoles = await broughtGlobals(undone);
    const held = await engine.undoRestore(connectionOf(database), undone, id, { signal });
    return leavesRoles ? `${held} ${rolesStay}` : held;
  };

  /** An undoing brings former content back, and nothing of the server's globals. */
  const broughtGlobals = async (restoreId: string): Promise<boolean> => {
    const restore = needed(await persistence.restores.find(restoreId), 'restore');
    const files = await persistence.backups.files(restore.backupId);
    return files.some((file) => file.role === 'globals' && isRestored(file, restore));
  };

  const kind: AttemptKind<Restore, RestoreOutcome> = {
    name: 'restore',
    repository: persistence.restores,
    run: async (restore, scope) => {
      const { target } = restore;
      return target.mode === 'undo'
        ? { outcome: await undo(restore, target.restoreId, scope) }
        : await bring({ ...restore, target }, scope);
    },
    settle: ({ id, attempt }, { outcome, former }, bytes) =>
      persistence.restores.settle(id, attempt, outcome, bytes, former ?? null),
    summary: ({ outcome }) => ({ outcome }),
    cleanUp: (restore) => cleanUp(restore, AbortSignal.timeout(cleanUpMs)),
  };
  return ({ restoreId }) => Attempt.run(deps, kind, restoreId);
}
