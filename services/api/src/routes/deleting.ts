import type { DeletionAnswer } from '@holdfast/persistence';
import type { Logger } from '@holdfast/shared/observability';
import type { ApiDeps } from '../deps.ts';
import { conflict, notFound } from '../http/problem.ts';
import { presentTime } from '../presenters/time.ts';

const inTheWay: Record<Exclude<DeletionAnswer, 'requested' | 'object_locked'>, string> = {
  running: 'This backup cannot be deleted while it runs.',
  locked: 'This backup is locked: unlock it before you delete it.',
  being_restored: 'This backup cannot be deleted while it is being restored.',
  being_verified: 'This backup cannot be deleted while it is being verified.',
  last_good:
    'This is the only good backup that its database has: make another one before you delete it, or add ?force=true.',
};

interface Deleting {
  deps: ApiDeps;
  accountId: number;
  requestId: string;
  log: Logger;
}

/** Marks a backup of the account for deletion. @throws Problem 404, 409 when something stands in the way */
export async function deleteBackup(
  { deps, accountId, requestId, log }: Deleting,
  id: string,
  { graceSeconds, keepLastGood }: { graceSeconds: number; keepLastGood: boolean },
): Promise<void> {
  const request = { requestId, graceSeconds, keepLastGood };
  const answer = await deps.persistence.backups.requestDeletion(accountId, id, request);
  if (answer === null) throw notFound('This backup does not exist.');
  if (answer === 'object_locked') {
    const backup = await deps.persistence.backups.findOwned(accountId, id);
    throw conflict(
      `The store keeps the objects of this backup locked until ${presentTime(backup?.objectLockedUntil ?? null)}: it cannot be deleted before.`,
    );
  }
  if (answer !== 'requested') throw conflict(inTheWay[answer]);
  log.info({ backupId: id, graceSeconds }, 'deletion of a backup requested');
}
