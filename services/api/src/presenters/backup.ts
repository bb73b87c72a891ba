import type { Backup, BackupFile, PublicError, WorkState } from '@holdfast/shared/domain';
import { presentTime } from './time.ts';

/** A backup as the database dialect shows it. */
export function presentBackup(backup: Backup, files: readonly BackupFile[]) {
  const dump = files.find(({ role }) => role === 'dump');
  return {
    id: backup.id,
    created_at: presentTime(backup.createdAt),
    started_at: presentTime(backup.startedAt),
    completed_at: presentTime(backup.completedAt),
    name: backup.name,
    size: shownSize(backup),
    status: backup.status,
    database_id: backup.databaseId,
    method: backup.method,
    type: backup.engine,
    checksum: backup.status === 'done' && dump ? dump.checksum : null,
    error: backup.error ?? damage(backup),
    progress: presentProgress(backup),
    attempt: backup.attempt,
    destination_id: backup.destinationId,
    expires_at: presentTime(backup.expiresAt),
    verified_at: presentTime(backup.verifiedAt),
  };
}

/** Bytes of plain dump so far, and the share of the whole when that is known. */
export function presentProgress(
  work: Pick<WorkState, 'status'> & { progressBytes: number; estimatedBytes: number | null },
) {
  return { bytes: work.progressBytes, fraction: fraction(work.status, work.progressBytes, work.estimatedBytes) };
}

function fraction(status: WorkState['status'], bytes: number, estimate: number | null): number | null {
  if (status === 'done') return 1;
  return estimate === null || estimate <= 0 ? null : Math.min(1, bytes / estimate);
}

function shownSize({ status, size }: Backup): number | null {
  switch (status) {
    case 'scheduled':
      return null;
    case 'pending':
    case 'error':
      return 0;
    case 'done':
      return size;
  }
}

function damage({ damagedAt }: Backup): PublicError | null {
  if (!damagedAt) return null;
  return {
    code: 'integrity',
    message: `The stored archive was found missing or changed at ${damagedAt.toISOString()}.`,
  };
}
