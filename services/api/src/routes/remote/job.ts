import type { RemoteJob } from '@holdfast/shared/contracts';
import { HoldfastError, manifestName, type Backup, type Restore } from '@holdfast/shared/domain';
import type { Request } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { baseUrl } from '../../http/base-url.ts';
import { downloadPath, withStore } from '../databases/archive.ts';
import { isDecrypted } from '../encrypted.ts';
import { shownFiles } from '../shown-files.ts';
import { manifestPath } from './manifest.ts';

/** Seconds of silence after which a job counts as abandoned; whole ones, as they are kept. */
export const silenceSeconds = ({ settings }: ApiDeps): number => Math.ceil(settings.HOLDFAST_REMOTE_HEARTBEAT_SECONDS);

/** A backup as the work of a remote server. */
export async function presentBackupJob(deps: ApiDeps, backup: Backup): Promise<RemoteJob> {
  return {
    id: backup.id,
    kind: 'backup',
    backup_id: backup.id,
    database: await presentTarget(deps, backup.databaseId),
    heartbeat_seconds: silenceSeconds(deps),
    restore: null,
  };
}

/** A restore as the work of a remote server, with links to all that it reads. */
export async function presentRestoreJob(
  call: { deps: ApiDeps; request: Request },
  restore: Restore,
): Promise<RemoteJob> {
  const { deps } = call;
  const backup = await deps.persistence.backups.find(restore.backupId);
  if (!backup?.manifestKey) throw new HoldfastError('object_missing', 'The backup is not whole.');
  const { target } = restore;
  if (target.mode === 'undo') throw new HoldfastError('configuration', 'A remote server keeps no former content.');
  return {
    id: restore.id,
    kind: 'restore',
    backup_id: backup.id,
    database: await presentTarget(deps, restore.databaseId),
    heartbeat_seconds: silenceSeconds(deps),
    restore: {
      target: target.mode === 'in_place' ? { in_place: true } : { new_database: target.database },
      ownership: restore.ownership,
      ...(await linksTo(call, backup, backup.manifestKey, restore.fileIds)),
    },
  };
}

async function linksTo(
  call: { deps: ApiDeps; request: Request },
  backup: Backup,
  manifestKey: string,
  fileIds: readonly string[] | null,
): Promise<Pick<NonNullable<RemoteJob['restore']>, 'manifest_url' | 'manifest_sha256' | 'files'>> {
  const { deps } = call;
  const expiresInSeconds = Math.ceil(deps.settings.HOLDFAST_REMOTE_LINK_SECONDS);
  const files = (await shownFiles(deps, backup.id)).filter(({ id }) => fileIds?.includes(id) ?? true);
  const decrypted = await isDecrypted(deps, backup);
  return await withStore(deps, backup, async (store) => {
    const link = async (key: string, fileName: string, ownPath: () => string): Promise<string> =>
      (decrypted ? null : await store.link(key, { expiresInSeconds, fileName })) ?? `${baseUrl(call)}${ownPath()}`;
    return {
      manifest_sha256: decrypted ? null : backup.manifestSha256,
      manifest_url: await link(manifestKey, manifestName, () => manifestPath(deps, backup.id, expiresInSeconds)),
      files: await Promise.all(
        files.map(async (file) => ({
          id: file.id,
          url: await link(file.key, file.name, () => downloadPath(backup, file, deps, expiresInSeconds)),
        })),
      ),
    };
  });
}

async function presentTarget({ persistence }: ApiDeps, databaseId: string): Promise<RemoteJob['database']> {
  const database = await persistence.databases.find(databaseId);
  if (!database) throw new HoldfastError('configuration', 'The database of this work does not exist any more.');
  const { id, name, type } = database;
  return { id, name, type };
}
