import type { Backup, BackupFile, ObjectStore } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { ApiDeps } from '../../deps.ts';
import { baseUrl } from '../../http/base-url.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf } from './owned.ts';

/** Opens the store of a backup for as long as `use` takes. */
export async function withStore<T>(
  deps: ApiDeps,
  { destinationId }: Backup,
  use: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const destination = await deps.persistence.destinations.find(destinationId);
  if (!destination) throw notFound('The destination of this backup does not exist any more.');
  const store = deps.openStore(destination);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/**
 * Checks that the store holds a file with its recorded size.
 * @throws Problem 404 when not; the backup is then flagged and an alert raised
 */
export async function checkStored(
  call: { deps: ApiDeps; log: Logger },
  store: ObjectStore,
  file: BackupFile,
): Promise<void> {
  const stored = await store.head(file.key);
  if (stored?.size === file.size) return;
  await call.deps.persistence.backups.markDamaged(file.backupId);
  const found = stored ? `has ${stored.size} bytes instead of ${file.size}` : 'is missing';
  call.log.error(
    { alert: 'backup_damaged', backupId: file.backupId, fileId: file.id, found },
    'a stored archive is damaged',
  );
  throw notFound(`The archive of this backup ${found} in its destination; the backup was flagged as damaged.`);
}

const archive = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/archive',
  dialect,
  scope: 'backups:read',
  summary: 'A link that downloads the archive without a header, until it expires.',
  answers: 200,
  handler: async (call) => {
    const { deps } = call;
    const backup = await ownedBackupOf(call, call.params.db, call.params.id);
    if (backup.status !== 'done') throw conflict(`This backup has no archive: its status is ${backup.status}.`);
    const file = (await deps.persistence.backups.files(backup.id)).find(({ role }) => role === 'dump');
    if (!file) throw notFound('This backup has no archive.');
    const expiresInSeconds = deps.settings.HOLDFAST_LINK_SECONDS;
    const link = await withStore(deps, backup, async (store) => {
      await checkStored(call, store, file);
      return store.link(file.key, { expiresInSeconds, fileName: file.name });
    });
    return { download_url: link ?? `${baseUrl(call)}${downloadPath(backup, file, deps, expiresInSeconds)}` };
  },
});

function downloadPath(
  backup: Backup,
  file: BackupFile,
  { clock, linkSigner }: ApiDeps,
  expiresInSeconds: number,
): string {
  const expires = Math.floor(clock.now().getTime() / 1000 + expiresInSeconds);
  const token = linkSigner.sign({ backupId: backup.id, fileId: file.id, expires });
  return `/api/databases/${backup.databaseId}/backups/${backup.id}/download?token=${token}`;
}

export const archiveRoutes = [archive];
