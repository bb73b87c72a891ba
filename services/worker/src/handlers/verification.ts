import { dropScratch, runVerification } from '@holdfast/pipeline';
import { backupKeysOf } from '@holdfast/shared/config';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { connectionOf, isPath, reaches, type Verdict, type Verification } from '@holdfast/shared/domain';
import { Attempt, type AttemptKind } from '../attempt.ts';
import type { HandlerDeps } from '../deps.ts';
import { needed, stallLimits, withStore } from './needed.ts';

/** Verifies a backup: claims the verification's row, reads or restores what is stored, settles with what was proven. */
export function verificationHandler(deps: HandlerDeps): JobHandlers['verification.run@1'] {
  const { persistence, settings } = deps;
  const limits = stallLimits(settings);
  const keys = backupKeysOf(settings);
  const kind: AttemptKind<Verification, Verdict> = {
    name: 'verification',
    repository: persistence.verifications,
    run: async (verification, { signal, onProgress, onEngine }) => {
      const backup = needed(await persistence.backups.find(verification.backupId), 'backup');
      onEngine(backup.engine);
      const files = await persistence.backups.files(backup.id);
      const database = needed(await persistence.databases.find(verification.databaseId), 'database');
      const engine = deps.engines.get(backup.engine);
      const scratch = () => connectionOf(database);
      return withStore(deps, backup.destinationId, (store) =>
        runVerification({ verification, backup, files, engine, scratch, store, keys, limits, signal, onProgress }),
      );
    },
    settle: ({ id, attempt }, verdict, bytes) => persistence.verifications.settle(id, attempt, verdict, bytes),
    summary: ({ reached, findings, damage }) => ({ reached, findings, damage }),
  };
  return ({ verificationId }) => Attempt.run(deps, kind, verificationId);
}

/**
 * Removes the scratch database of a verification from its server, where it may have made one.
 * @returns false when no engine here can: another worker may
 */
export async function dropScratchOf(
  deps: HandlerDeps,
  verification: Verification,
  signal: AbortSignal,
): Promise<boolean> {
  if (!reaches(verification.level, 'restorable')) return true;
  const database = needed(await deps.persistence.databases.find(verification.databaseId), 'database');
  // Where no worker reaches, none has made anything.
  if (database.serverId !== null || (database.host === null && !isPath(database.type))) return true;
  if (!deps.engines.types.includes(database.type)) {
    deps.leftToOthers(database.type);
    return false;
  }
  await dropScratch(deps.engines.get(database.type), connectionOf(database), verification, { signal });
  return true;
}
