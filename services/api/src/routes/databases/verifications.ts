import { verificationLevels, type Backup, type VerificationLevel } from '@holdfast/shared/domain';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { wholeNumber } from '../../http/fields.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { verificationView } from '../../presenters/verification.ts';
import { ringForNew } from '../ring.ts';
import { mustBeCancelled } from './cancel.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf, ownedDatabase, ownedVerification } from './owned.ts';
import { showVerification, showVerifications } from './shown.ts';
import { canRestoreInto, mustRestoreInto, scratchDatabase, scratchOf } from './verification-policy.ts';

const shown = z.strictObject({ verification: verificationView });
const mostShown = 1000;

/** Strict, because a misspelt level would be another one. */
const request = z
  .strictObject({
    verification: z
      .strictObject({
        level: z.enum(verificationLevels).optional().meta({
          description: 'The highest that the backup allows when absent.',
        }),
        scratch_database_id: scratchDatabase,
      })
      .optional(),
  })
  .optional()
  .meta({ examples: [{}, { verification: { level: 'readable' } }] });

const create = route({
  method: 'POST',
  path: '/api/databases/:db/backups/:id/verifications',
  dialect,
  scope: 'backups:create',
  audit: 'verification.create',
  summary:
    'Verifies a backup: what is stored is read back and, from `restorable` on, restored into a scratch database.',
  answers: 201,
  creates: true,
  response: shown,
  otherwise: { 409: 'The backup is not done, or another verification of it waits or runs.' },
  body: request,
  finds: (call) => ownedBackupOf(call, call.params.db, call.params.id),
  handler: async (call, backup) => {
    const { deps, requestId } = call;
    const { level: asked, scratch_database_id: wanted } = call.body?.verification ?? {};
    const scratch = await scratchOf(call, { id: backup.databaseId, type: backup.engine }, wanted);
    const level = asked ?? (canRestoreInto(scratch) ? await highestOf(deps, backup) : 'readable');
    mustRestoreInto(scratch, level);
    const verification = await deps.persistence.verifications.create({
      id: call.resourceId,
      backupId: backup.id,
      scratchDatabaseId: scratch.id,
      cause: 'manual',
      level,
      requestId,
      maxFailures: deps.settings.HOLDFAST_MAX_FAILURES,
    });
    if (!verification) throw notFound('This backup does not exist.');
    if (verification === 'not_done') throw conflict('This backup cannot be verified: it has not completed.');
    if (verification === 'busy') {
      throw conflict('Another verification of this backup waits or runs: wait until it has ended, or cancel it.');
    }
    await ringForNew(call, 'verification', verification.id);
    return { verification: await showVerification(deps, verification) };
  },
});

/** The highest level that a backup which can be restored may reach. */
async function highestOf({ persistence }: ApiDeps, { id }: Backup): Promise<VerificationLevel> {
  const files = await persistence.backups.files(id);
  return files.some(({ role }) => role === 'content') ? 'identical' : 'restorable';
}

const list = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/verifications',
  dialect,
  scope: 'backups:read',
  summary: 'The verifications of a backup, newest first.',
  answers: 200,
  response: z.strictObject({ verifications: z.array(verificationView) }),
  handler: async (call) => {
    const { id } = await ownedBackupOf(call, call.params.db, call.params.id);
    const found = await call.deps.persistence.verifications.listOfBackup(id);
    return { verifications: await showVerifications(call.deps, found) };
  },
});

const listOfDatabase = route({
  method: 'GET',
  path: '/api/databases/:db/verifications',
  dialect,
  scope: 'backups:read',
  summary: 'The verifications of all backups of a database, newest first.',
  answers: 200,
  query: z.object({ limit: wholeNumber(1, mostShown).default(100) }),
  response: z.strictObject({ verifications: z.array(verificationView).max(mostShown) }),
  finds: (call) => ownedDatabase(call, call.params.db),
  handler: async ({ deps, query }, { id }) => {
    const found = await deps.persistence.verifications.listOfDatabase(id, query.limit);
    return { verifications: await showVerifications(deps, found) };
  },
});

const show = route({
  method: 'GET',
  path: '/api/verifications/:id',
  dialect,
  scope: 'backups:read',
  summary: 'One verification of a backup.',
  answers: 200,
  response: shown,
  handler: async (call) => ({
    verification: await showVerification(call.deps, await ownedVerification(call, call.params.id)),
  }),
});

const cancel = route({
  method: 'POST',
  path: '/api/verifications/:id/cancel',
  dialect,
  scope: 'backups:create',
  audit: 'verification.cancel',
  summary:
    'Ends a verification that waits at once, and one that runs as soon as possible: its worker hears it within seconds. May be repeated.',
  answers: 200,
  response: shown,
  otherwise: { 409: 'It has ended otherwise.' },
  handler: async (call) => {
    const { id } = await ownedVerification(call, call.params.id);
    const status = await call.deps.persistence.verifications.requestCancel(id);
    const verification = await ownedVerification(call, id);
    if (status === null) mustBeCancelled('verification', verification);
    else call.log.info({ verificationId: id, status }, 'verification cancelled');
    return { verification: await showVerification(call.deps, verification) };
  },
});

export const verificationRoutes = [create, list, listOfDatabase, show, cancel];
