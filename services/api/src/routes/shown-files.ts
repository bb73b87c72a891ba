import { isArchive, type BackupFile } from '@holdfast/shared/domain';
import type { ApiDeps } from '../deps.ts';

/** The files of a backup that can be asked for: the content manifest is the service's own and is never restored. */
export async function shownFiles(
  { persistence }: Pick<ApiDeps, 'persistence'>,
  backupId: string,
): Promise<BackupFile[]> {
  return (await persistence.backups.files(backupId)).filter(isArchive);
}
