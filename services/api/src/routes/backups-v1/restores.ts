import { z } from 'zod';
import { looksLikeUuid } from '../../http/fields.ts';
import { notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { ownedBackup } from '../databases/owned.ts';
import {
  restoreAllowDamaged,
  restoreCompute,
  restoreFiles,
  restoreKeepHours,
  restoreSelection,
  restoreTarget,
} from '../restore-fields.ts';
import { createRestore } from '../restoring.ts';
import { backupsV1Dialect as dialect } from './dialect.ts';
import { presentRestoreV1, restoreV1View } from './restore-view.ts';

const shown = z.strictObject({ data: restoreV1View });

/** Nothing else passes: a misplaced target would otherwise become a restore in place. */
const request = z
  .strictObject({
    files: restoreFiles.nullish(),
    compute: restoreCompute.nullish(),
    target: restoreTarget.nullish(),
    selection: restoreSelection.nullish(),
    keep_hours: restoreKeepHours.nullish(),
    allow_damaged: restoreAllowDamaged.nullish(),
  })
  .optional()
  .meta({
    examples: [
      {},
      { files: ['01991f4e-77aa-7d3e-9c21-045c31f2234c'] },
      { compute: { type: 'ss_agent', server_id: 9362 } },
      { target: { new_database: 'shop_restored' } },
    ],
  });

const create = route({
  method: 'POST',
  path: '/v1/backups/:id/restore',
  dialect,
  scope: 'restores:create',
  audit: 'restore.create',
  summary: 'Restores a backup in place or, where the body names a target, onto another database.',
  answers: 201,
  creates: true,
  body: request,
  response: shown,
  otherwise: { 409: 'The backup is not completed or damaged, or another restore onto the same target waits or runs.' },
  finds: (call) => ownedBackup(call, call.params.id),
  handler: async (call, backup) => {
    const restore = await createRestore(call, backup, call.body ?? {});
    return { data: await presentRestoreV1(call, backup, restore) };
  },
});

const show = route({
  method: 'GET',
  path: '/v1/backups/:id/restores/:rid',
  dialect,
  scope: 'backups:read',
  summary: 'One restore of a backup.',
  answers: 200,
  response: shown,
  handler: async (call) => {
    const backup = await ownedBackup(call, call.params.id);
    const { rid } = call.params;
    const restore = looksLikeUuid(rid) && (await call.deps.persistence.restores.findOwned(call.accountId, rid));
    if (!restore || restore.backupId !== backup.id) throw notFound('This restore does not exist.');
    return { data: await presentRestoreV1(call, backup, restore) };
  },
});

export const restoresV1Routes = [create, show];
