import { z } from 'zod';
import { wholeNumber } from '../../http/fields.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { backupView } from '../../presenters/backup.ts';
import { deletionView, presentDeletion } from '../../presenters/deletion.ts';
import { deleteBackup } from '../deleting.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf, ownedDatabase } from './owned.ts';
import { showBackup } from './shown.ts';

const path = '/api/databases/:db/backups/:id';
const longestGraceSeconds = 366 * 24 * 3600;
const mostShown = 1000;

const deletionQuery = z.object({
  force: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
  grace_seconds: wholeNumber(0, longestGraceSeconds)
    .optional()
    .meta({
      description: 'How long it can be undeleted; HOLDFAST_DELETION_GRACE_SECONDS when absent.',
      examples: ['3600'],
    }),
});

const remove = route({
  method: 'DELETE',
  path,
  dialect,
  scope: 'backups:delete',
  audit: 'backup.delete',
  summary:
    'Deletes a backup: it is hidden at once, can be undeleted for a while, and then its objects are removed. The only good backup of its database goes only with `force=true`.',
  answers: 204,
  otherwise: { 409: 'The backup runs, is locked, is being restored, or is the only good one of its database.' },
  query: deletionQuery,
  finds: (call) => ownedBackupOf(call, call.params.db, call.params.id),
  handler: async (call, { id }) => {
    const { force, grace_seconds: graceSeconds = call.deps.settings.HOLDFAST_DELETION_GRACE_SECONDS } = call.query;
    await deleteBackup(call, id, { graceSeconds, keepLastGood: !force });
    return undefined;
  },
});

const undelete = route({
  method: 'POST',
  path: `${path}/undelete`,
  dialect,
  scope: 'backups:delete',
  audit: 'backup.undelete',
  summary: 'Takes the deletion of a backup back, as long as the removal of its objects has not begun.',
  answers: 200,
  response: z.strictObject({ database_backup: backupView }),
  otherwise: { 409: 'The removal of its objects has begun.' },
  handler: async (call) => {
    const { backups } = call.deps.persistence;
    const database = await ownedDatabase(call, call.params.db);
    const backup = await backups.undelete(call.accountId, database.id, call.params.id);
    if (backup === null) throw notFound('This backup does not exist.');
    if (backup === 'too_late') {
      throw conflict('The removal of the objects of this backup has begun: it cannot be undeleted any more.');
    }
    call.log.info({ backupId: backup.id }, 'backup undeleted');
    return { database_backup: await showBackup(call.deps, backup) };
  },
});

const list = route({
  method: 'GET',
  path: '/api/databases/:db/deleted_backups',
  dialect,
  scope: 'backups:read',
  summary: 'The deleted backups of a database: first those whose deletion has not ended, then the newest deletions.',
  answers: 200,
  query: z.object({ limit: wholeNumber(1, mostShown).default(100) }),
  response: z.strictObject({ deleted_backups: z.array(deletionView) }),
  handler: async (call) => {
    const database = await ownedDatabase(call, call.params.db);
    const deletions = await call.deps.persistence.backups.deletionsOf(database.id, call.query.limit);
    return { deleted_backups: deletions.map(presentDeletion) };
  },
});

export const deletionRoutes = [remove, undelete, list];
