import {
  backupMethods,
  workStatuses,
  type Backup,
  type BackupFile,
  type PublicError,
  type WorkAttempt,
  type WorkState,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { attemptsView, presentAttempts } from './attempt.ts';
import { presentProven, provenView } from './proven.ts';
import { presentTime, timeView } from './time.ts';
import { bytesView, engineView, errorView, idView } from './values.ts';

export const statusView = z.enum(workStatuses).meta({
  id: 'Status',
  description: '`scheduled` (accepted, not started), then `pending` (running), then `done` or `error`.',
});

export const progressView = z
  .strictObject({
    bytes: bytesView.meta({ description: 'Bytes of plain dump in the present attempt.' }),
    fraction: z.number().min(0).max(1).nullable().meta({ description: 'The share of the whole; null while unknown.' }),
  })
  .meta({ id: 'Progress', examples: [{ bytes: 1_048_576, fraction: 0.25 }] });

/** A backup as the database dialect shows it. */
export const backupView = z
  .strictObject({
    id: idView,
    created_at: timeView,
    started_at: timeView.nullable(),
    completed_at: timeView.nullable(),
    name: z.string().meta({ description: '`YYYYMMDDhhmmss_<database name>`, UTC.' }),
    size: bytesView.nullable().meta({ description: 'Stored bytes: null while `scheduled`, 0 until `done`.' }),
    status: statusView,
    database_id: idView,
    method: z.enum(backupMethods),
    type: engineView,
    checksum: z.string().nullable().meta({ description: 'Of the stored archive, `sha256:<hex>`; null until `done`.' }),
    encrypted: z.boolean().meta({ description: 'Whether what is stored is encrypted.' }),
    recipients: z.array(z.string()).nullable().meta({
      description: 'The public keys (age) whose private ones open it; null where it is not encrypted.',
    }),
    warnings: z.array(z.string()).meta({
      description: 'What it does not hold, or not as of one moment, in sentences.',
    }),
    error: errorView.nullable().meta({ description: 'The last failure; shown also while another attempt waits.' }),
    progress: progressView,
    attempt: z.int().min(0),
    ...attemptsView,
    destination_id: z.int(),
    run_id: idView.nullable().meta({ description: 'The run of a policy that made it; null: none did.' }),
    expires_at: timeView.nullable().meta({
      description: "When its age ends what alone keeps it, by its schedule's policy; null where that is not known.",
    }),
    verified_at: timeView.nullable(),
    verification: provenView,
    imported_at: timeView.nullable().meta({
      description: 'When an import brought it into the catalogue; null where it was made here.',
    }),
    object_locked_until: timeView.nullable().meta({
      description: 'Until then the store itself refuses to remove its objects; null where it does not.',
    }),
    locked: z.boolean().meta({ description: 'While it is, nothing deletes it; `PATCH /v1/backups/:id` changes it.' }),
  })
  .meta({
    id: 'Backup',
    description: 'One backup of a database.',
    examples: [
      {
        id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
        created_at: '2026-09-02T01:00:00.178Z',
        started_at: '2026-09-02T01:02:00.154Z',
        completed_at: '2026-09-02T01:41:17.902Z',
        name: '20260902010000_kibana-3938',
        size: 17_484_513_608,
        status: 'done',
        database_id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
        method: 'periodic',
        type: 'postgresql',
        checksum: 'sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
        encrypted: true,
        recipients: ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'],
        warnings: [],
        error: null,
        progress: { bytes: 61_203_283_968, fraction: 1 },
        attempt: 1,
        attempts: [
          {
            attempt: 1,
            started_at: '2026-09-02T01:02:00.154Z',
            ended_at: '2026-09-02T01:41:17.902Z',
            worker: 'worker-1:71:0c3d2e1f',
            bytes: 61_203_283_968,
            error: null,
            settled: true,
          },
        ],
        next_attempt_at: null,
        cancel_requested_at: null,
        destination_id: 1,
        run_id: null,
        expires_at: null,
        verified_at: null,
        verification: { level: 'stored', verified_at: null, damage: null },
        imported_at: null,
        object_locked_until: null,
        locked: false,
      },
    ],
  });

export function presentBackup(
  backup: Backup,
  files: readonly BackupFile[],
  attempts: readonly WorkAttempt[],
): z.input<typeof backupView> {
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
    encrypted: backup.recipients !== null,
    recipients: backup.recipients,
    warnings: backup.warnings,
    error: presentError(backup),
    progress: presentProgress(backup),
    attempt: backup.attempt,
    ...presentAttempts(backup, attempts),
    destination_id: backup.destinationId,
    run_id: backup.runId,
    // A schedule that is gone lets nothing go.
    expires_at: presentTime(backup.scheduleId === null ? null : backup.expiresAt),
    verified_at: presentTime(backup.verifiedAt),
    verification: presentProven(backup),
    imported_at: presentTime(backup.importedAt),
    object_locked_until: presentTime(backup.objectLockedUntil),
    locked: backup.lockedAt !== null,
  };
}

/** Bytes of plain dump so far, and the share of the whole when that is known. */
export function presentProgress(
  work: Pick<WorkState, 'status'> & { progressBytes: number; estimatedBytes: number | null },
): z.input<typeof progressView> {
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

/** Why a backup failed, or what was found wrong with it since. */
export function presentError({ error, damagedAt, damage }: Backup): PublicError | null {
  if (error || !damagedAt) return error;
  return {
    code: 'integrity',
    message: `The stored archive was found ${damage?.state ?? 'missing or changed'} at ${damagedAt.toISOString()}.`,
  };
}
