import type { Restore } from '@holdfast/shared/domain';
import { presentProgress } from './backup.ts';
import { presentTime } from './time.ts';

/** A restore as the database dialect shows it. */
export function presentRestore(restore: Restore) {
  const { target } = restore;
  return {
    id: restore.id,
    created_at: presentTime(restore.createdAt),
    started_at: presentTime(restore.startedAt),
    ended_at: presentTime(restore.completedAt),
    method: 'backup',
    status: restore.status,
    database_id: restore.databaseId,
    source_backup_id: restore.backupId,
    target: target.mode === 'in_place' ? { in_place: true } : { new_database: target.database },
    ownership: restore.ownership,
    progress: presentProgress(restore),
    attempt: restore.attempt,
    error: restore.error,
    outcome: restore.outcome,
  };
}
