import { attemptJobId } from '@holdfast/shared/contracts';
import { ownershipModes, type RestoreTarget } from '@holdfast/shared/domain';
import { z } from 'zod';
import { databaseName, looksLikeUuid } from '../../http/fields.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { ring } from '../ring.ts';
import { route } from '../../http/route.ts';
import { presentRestore } from '../../presenters/restore.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf, ownedDatabase } from './owned.ts';

const request = z
  .object({
    target: z
      .union([z.strictObject({ in_place: z.literal(true) }), z.strictObject({ new_database: databaseName })], {
        error: 'must be {"in_place": true} or {"new_database": "<name>"} with a name that the server can take',
      })
      .optional(),
    ownership: z.enum(ownershipModes).optional(),
  })
  .optional();

const create = route({
  method: 'POST',
  path: '/api/databases/:db/backups/:id/restore',
  dialect,
  scope: 'restores:create',
  summary: 'Restores a backup in place or, where the body names a target, into a new database on the same server.',
  answers: 201,
  body: request,
  handler: async (call) => {
    const { deps, body = {} } = call;
    const backup = await ownedBackupOf(call, call.params.db, call.params.id);
    if (backup.status !== 'done') throw conflict(`This backup cannot be restored: its status is ${backup.status}.`);
    const target: RestoreTarget =
      body.target && 'new_database' in body.target
        ? { mode: 'new_database', database: body.target.new_database }
        : { mode: 'in_place' };
    const restore = await deps.persistence.restores.create({
      backupId: backup.id,
      databaseId: backup.databaseId,
      target,
      ownership: body.ownership ?? (target.mode === 'in_place' ? 'keep' : 'skip'),
      fileIds: null,
      requestId: call.requestId,
      maxFailures: deps.settings.HOLDFAST_MAX_FAILURES,
    });
    if (!restore) throw notFound('This backup does not exist.');
    if (restore === 'busy')
      throw conflict('Another restore onto the same target waits or runs: wait until it has ended.');
    const payload = { restoreId: restore.id, requestId: call.requestId };
    await ring(call, 'restore.run@1', payload, attemptJobId('restore', restore.id, restore.attempt + 1));
    return presentRestore(restore);
  },
});

const show = route({
  method: 'GET',
  path: '/api/databases/:db/backup_restorations/:rid',
  dialect,
  scope: 'backups:read',
  summary: 'One restore of a backup.',
  answers: 200,
  handler: async (call) => {
    const database = await ownedDatabase(call, call.params.db);
    const { rid } = call.params;
    const restore = looksLikeUuid(rid) && (await call.deps.persistence.restores.findOwned(call.accountId, rid));
    if (!restore || restore.databaseId !== database.id) throw notFound('This restore does not exist.');
    return { backup_restoration: presentRestore(restore) };
  },
});

export const restoreRoutes = [create, show];
