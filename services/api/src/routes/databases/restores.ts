import { ownershipModes } from '@holdfast/shared/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { restoreView } from '../../presenters/restore.ts';
import {
  restoreAllowDamaged,
  restoreFiles,
  restoreKeepHours,
  restoreSelection,
  restoreTarget,
} from '../restore-fields.ts';
import { createRestore } from '../restoring.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf, ownedRestoreOf } from './owned.ts';
import { showRestore } from './shown.ts';

/** Strict, because a target under another name than its own would be a restore in place, which drops what is there. */
export const restoreRequest = z
  .strictObject({
    target: restoreTarget.optional(),
    files: restoreFiles.optional(),
    ownership: z.enum(ownershipModes).optional(),
    selection: restoreSelection.optional(),
    keep_hours: restoreKeepHours.optional(),
    allow_damaged: restoreAllowDamaged.optional(),
  })
  .optional()
  .meta({
    description: 'Without a target the restore is in place.',
    examples: [
      {},
      { keep_hours: 48 },
      { target: { new_database: 'shop_restored' }, ownership: 'skip' },
      { target: { new_database: 'shop_orders' }, selection: { tables: ['public.orders'] } },
    ],
  });

const create = route({
  method: 'POST',
  path: '/api/databases/:db/backups/:id/restore',
  dialect,
  scope: 'restores:create',
  summary: 'Restores a backup in place or, where the body names a target, onto another database.',
  answers: 201,
  creates: true,
  response: restoreView,
  otherwise: { 409: 'The backup is not done or damaged, or another restore onto the same target waits or runs.' },
  body: restoreRequest,
  finds: (call) => ownedBackupOf(call, call.params.db, call.params.id),
  handler: async (call, backup) => showRestore(call.deps, await createRestore(call, backup, call.body ?? {})),
});

const show = route({
  method: 'GET',
  path: '/api/databases/:db/backup_restorations/:rid',
  dialect,
  scope: 'backups:read',
  summary: 'One restore: of a backup of the database, or onto it.',
  answers: 200,
  response: z.strictObject({ backup_restoration: restoreView }),
  handler: async (call) => {
    const restore = await ownedRestoreOf(call, call.params.db, call.params.rid);
    return { backup_restoration: await showRestore(call.deps, restore) };
  },
});

export const restoreRoutes = [create, show];
