import type { BackupFile } from '@holdfast/shared/domain';
import { z } from 'zod';
import { looksLikeUuid } from '../../http/fields.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { checkStored, fileLink, withStore } from '../databases/archive.ts';
import { ownedBackup, type Owner } from '../databases/owned.ts';
import { deleteBackup } from '../deleting.ts';
import { downloadOf, isDecrypted } from '../encrypted.ts';
import { shownFiles } from '../shown-files.ts';
import { backupV1View, presentBackupV1 } from './backup-view.ts';
import { backupsV1Dialect as dialect } from './dialect.ts';

const path = '/v1/backups/:id';
const shown = z.strictObject({ data: backupV1View });

const show = route({
  method: 'GET',
  path,
  dialect,
  scope: 'backups:read',
  summary: 'One backup with its files.',
  answers: 200,
  response: shown,
  handler: async (call) => ({ data: await presentBackupV1(call, await ownedBackup(call, call.params.id)) }),
});

const download = route({
  method: 'POST',
  path: `${path}/download`,
  dialect,
  scope: 'backups:read',
  audit: 'backup.link',
  summary: 'Links that download the files of a backup without a header, until they expire.',
  answers: 200,
  response: z.strictObject({
    data: z.record(z.string(), z.url()).meta({
      examples: [{ 'app.pgdump.zst': 'https://s3.example.org/backups/app.pgdump.zst?X-Amz-Signature=10a077e9' }],
    }),
  }),
  otherwise: { 409: 'The backup is not completed.' },
  handler: async (call) => {
    const backup = await ownedBackup(call, call.params.id);
    if (backup.status !== 'done') throw conflict('This backup has no files to download: it is not completed.');
    const files = await shownFiles(call.deps, backup.id);
    return await withStore(call.deps, backup, async (store) => {
      await Promise.all(files.map((file) => checkStored(call, store, file)));
      const decrypted = await isDecrypted(call.deps, backup);
      const nameOf = (file: BackupFile): string => downloadOf(file, decrypted).name;
      const links = files.map(async (file) => [nameOf(file), await fileLink(call, store, backup, file)] as const);
      return { data: Object.fromEntries(await Promise.all(links)) };
    });
  },
});

const change = route({
  method: 'PATCH',
  path,
  dialect,
  scope: 'backups:delete',
  audit: 'backup.change',
  summary: 'Keeps a backup from deletion, or gives it free again.',
  answers: 200,
  body: z.object({ locked: z.boolean() }).meta({ examples: [{ locked: true }] }),
  response: shown,
  otherwise: { 409: 'The backup is deleted, and can still be undeleted.' },
  finds: (call) => mayBeLocked(call, call.params.id),
  handler: async (call) => {
    const { deps, accountId, params, body } = call;
    const backup = await deps.persistence.backups.setLocked(accountId, params.id, body.locked);
    if (!backup) throw unknown();
    return { data: await presentBackupV1(call, backup) };
  },
});

const remove = route({
  method: 'DELETE',
  path,
  dialect,
  scope: 'backups:delete',
  audit: 'backup.delete',
  summary: 'Deletes a backup: it is hidden at once, and its objects are removed after a while.',
  answers: 204,
  otherwise: { 409: 'The backup runs, is locked, or is being restored.' },
  handler: async (call) => {
    const { id } = await ownedBackup(call, call.params.id);
    const graceSeconds = call.deps.settings.HOLDFAST_DELETION_GRACE_SECONDS;
    await deleteBackup(call, id, { graceSeconds, keepLastGood: false });
    return undefined;
  },
});

/** @throws Problem 404; 409 where undoing the deletion would let it be locked */
async function mayBeLocked(owner: Owner, id: string): Promise<void> {
  const backup = looksLikeUuid(id) ? await owner.deps.persistence.backups.find(id) : null;
  if (backup?.accountId === owner.accountId && backup.deletionRequestedAt) {
    throw conflict('This backup is deleted: undelete it before you lock it.');
  }
  await ownedBackup(owner, id);
}

const unknown = () => notFound('This backup does not exist.');

export const backupsV1Routes = [show, download, change, remove];
