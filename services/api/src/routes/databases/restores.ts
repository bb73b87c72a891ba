import { ownershipModes } from '@holdfast/shared/domain';
import { z } from 'zod';
import { wholeNumber } from '../../http/fields.ts';
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
import { ownedBackupOf, ownedDatabase, ownedRestoreOf } from './owned.ts';
import { showRestore, showRestores } from './shown.ts';

const mostShown = 1000;

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
  audit: 'restore.create',
  summary: 'Restores a backup in place or, where the body names a target, onto another database.',
  answers: 201,
  creates: true,
  response: restoreView,
  otherwise: { 409: 'The backup is not done or damaged, or another restore onto the same target waits or runs.' },
  body: restoreRequest,
  finds: (call) => ownedBackupOf(call, call.params.db, call.params.id),
  handler: async (call, backup) => showRestore(call.deps, await createRestore(call, backup, call.body ?? {})),
});

const list = route({
  method: 'GET',
  path: '/api/databases/:db/backup_restorations',
  dialect,
  scope: 'backups:read',
  summary: 'The restores of backups of the database and those onto it, newest first.',
  answers: 200,
  query: z.object({ limit: wholeNumber(1, mostShown).default(100) }),
  response: z.strictObject({ backup_restorations: z.array(restoreView).max(mostShown) }),
  finds: (call) => ownedDatabase(call, call.params.db),
  handler: async ({ deps, query }, { id }) => {
    const found = await deps.persistence.restores.listOfDatabase(id, query.limit);
    return { backup_restorations: await showRestores(deps, found) };
  },
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

export const restoreRoutes = [create, list, show];
