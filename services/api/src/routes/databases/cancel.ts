import type { PublicError, WorkStatus } from '@holdfast/shared/domain';
import { z } from 'zod';
import { conflict } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { backupView } from '../../presenters/backup.ts';
import { restoreView } from '../../presenters/restore.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf, ownedRestoreOf } from './owned.ts';
import { showBackup, showRestore } from './shown.ts';

const hears = 'Whoever runs it hears it within seconds; until then it is still `pending`. May be repeated.';

const cancelBackup = route({
  method: 'POST',
  path: '/api/databases/:db/backups/:id/cancel',
  dialect,
  scope: 'backups:create',
  audit: 'backup.cancel',
  summary: `Ends a backup that waits at once, and one that runs as soon as possible. ${hears}`,
  answers: 200,
  response: z.strictObject({ database_backup: backupView }),
  otherwise: { 409: 'It has ended otherwise.' },
  handler: async (call) => {
    const { backups } = call.deps.persistence;
    const { id } = await ownedBackupOf(call, call.params.db, call.params.id);
    const status = await backups.requestCancel(id);
    const backup = await ownedBackupOf(call, call.params.db, id);
    if (status === null) mustBeCancelled('backup', backup);
    else call.log.info({ backupId: id, status }, 'backup cancelled');
    return { database_backup: await showBackup(call.deps, backup) };
  },
});

const cancelRestore = route({
  method: 'POST',
  path: '/api/databases/:db/backup_restorations/:rid/cancel',
  dialect,
  scope: 'restores:create',
  audit: 'restore.cancel',
  summary: `Ends a restore that waits at once, and one that runs as soon as possible. ${hears}`,
  answers: 200,
  response: z.strictObject({ backup_restoration: restoreView }),
  otherwise: { 409: 'It has ended otherwise.' },
  handler: async (call) => {
    const { restores } = call.deps.persistence;
    const { id } = await ownedRestoreOf(call, call.params.db, call.params.rid);
    const status = await restores.requestCancel(id);
    const restore = await ownedRestoreOf(call, call.params.db, id);
    if (status === null) mustBeCancelled('restore', restore);
    else call.log.info({ restoreId: id, status }, 'restore cancelled');
    return { backup_restoration: await showRestore(call.deps, restore) };
  },
});

/** @throws Problem 409 when work has ended as something else than cancelled */
export function mustBeCancelled(
  what: string,
  { status, error }: { status: WorkStatus; error: PublicError | null },
): void {
  if (error?.code === 'cancelled') return;
  const end = error ? `${status} (${error.code})` : status;
  throw conflict(`This ${what} has already ended as ${end}: there is nothing to cancel any more.`);
}

export const cancelRoutes = [cancelBackup, cancelRestore];
