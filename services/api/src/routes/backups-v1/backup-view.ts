import { attemptPrefix, cadence, cadences, type Backup, type Cadence } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentError, presentProgress, progressView } from '../../presenters/backup.ts';
import { presentTime, timeView } from '../../presenters/time.ts';
import { errorView, idView } from '../../presenters/values.ts';
import { destinationOf, type Linking } from '../databases/archive.ts';
import { shownFiles } from '../shown-files.ts';
import { fileView, prefixOf, presentFiles } from './files.ts';
import { statusWord, statusWordView } from './status.ts';

const ids = {
  backup: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
  database: '01991f4c-9a10-7c55-b6d1-597601234ffb',
  file: '01991f4e-77aa-7d3e-9c21-045c31f2234c',
};
const directory = `holdfast/${ids.database}/2026/09/${ids.backup}/a1`;

export const exampleFile = {
  id: ids.file,
  name: `${directory}/dump.pgdump.zst`,
  size: '16.3 GB',
  size_bytes: 17_484_513_608,
  url: `https://backups.example.org/api/databases/${ids.database}/backups/${ids.backup}/download?token=token1234`,
};

/** A backup as the v1 dialect shows it. */
export const backupV1View = z
  .strictObject({
    id: idView,
    job_id: idView.meta({ description: 'The database that the backup is of.' }),
    status: statusWordView,
    tags: z
      .strictObject({
        manual: z.boolean(),
        hourly: z.boolean(),
        daily: z.boolean(),
        weekly: z.boolean(),
        monthly: z.boolean(),
      })
      .meta({ description: 'How it came about; how often its schedule comes due says which of the last four it is.' }),
    s3_directory: z.string().meta({ description: 'The folder that holds its objects.' }),
    created_at: timeView,
    started_at: timeView.nullable(),
    completed_at: timeView.nullable(),
    monitoring_available: z.boolean().meta({ description: 'Whether there is progress to watch: it has begun.' }),
    encryption_key: z.string().nullable().meta({
      description: 'The public keys that it is encrypted to, one a line, in base64; null: it is not encrypted.',
    }),
    files: z.array(fileView).meta({ description: 'Empty until `completed`.' }),
    locked: z.boolean().meta({ description: 'Whether it is kept from deletion.' }),
    error: errorView.nullable().meta({ description: 'The last failure; shown also while another attempt waits.' }),
    progress: progressView,
  })
  .meta({
    id: 'BackupV1',
    description: 'One backup of a database.',
    examples: [
      {
        id: ids.backup,
        job_id: ids.database,
        status: 'completed',
        tags: { manual: true, hourly: false, daily: false, weekly: false, monthly: false },
        s3_directory: directory,
        created_at: '2026-09-02T01:00:00.178Z',
        started_at: '2026-09-02T01:02:00.154Z',
        completed_at: '2026-09-02T01:41:17.902Z',
        monitoring_available: true,
        encryption_key: null,
        files: [exampleFile],
        locked: false,
        error: null,
        progress: { bytes: 61_203_283_968, fraction: 1 },
      },
    ],
  });

export async function presentBackupV1(call: Linking, backup: Backup): Promise<z.input<typeof backupV1View>> {
  const destination = await destinationOf(call.deps, backup);
  // The files may have come since the row was read: then they are the next answer's.
  const files = backup.status === 'done' ? await shownFiles(call.deps, backup.id) : [];
  return {
    id: backup.id,
    job_id: backup.databaseId,
    status: statusWord(backup.status),
    tags: await tagsOf(call, backup),
    // That of the first attempt while there is none.
    s3_directory: `${prefixOf(destination)}${attemptPrefix(backup, Math.max(1, backup.attempt))}`.replace(/\/$/, ''),
    created_at: presentTime(backup.createdAt),
    started_at: presentTime(backup.startedAt),
    completed_at: presentTime(backup.completedAt),
    monitoring_available: backup.startedAt !== null,
    encryption_key: backup.recipients && Buffer.from(backup.recipients.join('\n')).toString('base64'),
    files: await presentFiles(call, backup, files),
    locked: backup.lockedAt !== null,
    error: presentError(backup),
    progress: presentProgress(backup),
  };
}

/** Of a backup whose schedule is gone nobody knows how often it came due. */
async function tagsOf({ deps }: Linking, backup: Backup): Promise<z.input<typeof backupV1View>['tags']> {
  const { accountId, databaseId, scheduleId, scheduledFor, createdAt } = backup;
  const schedule = scheduleId && (await deps.persistence.schedules.findOwned(accountId, databaseId, scheduleId));
  const found = schedule ? cadence(schedule, scheduledFor ?? createdAt) : null;
  const marks = cadences.map((one) => [one, one === found] as const);
  return { manual: backup.method === 'manual', ...(Object.fromEntries(marks) as Record<Cadence, boolean>) };
}
