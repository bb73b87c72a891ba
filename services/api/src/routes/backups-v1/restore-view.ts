import { isRestored, outcomeOf, type Backup, type Restore } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentProgress, progressView } from '../../presenters/backup.ts';
import { presentTime, timeView } from '../../presenters/time.ts';
import { errorView, idView } from '../../presenters/values.ts';
import type { Linking } from '../databases/archive.ts';
import { shownFiles } from '../shown-files.ts';
import { exampleFile } from './backup-view.ts';
import { computeView, presentCompute } from './compute-view.ts';
import { fileView, presentFiles } from './files.ts';
import { statusWord, statusWordView } from './status.ts';

/** A restore as the v1 dialect shows it. */
export const restoreV1View = z
  .strictObject({
    id: idView,
    job_id: idView.meta({ description: 'The database that the backup is of.' }),
    backup_id: idView,
    compute: computeView
      .nullable()
      .meta({ description: 'Where it runs; null: with any worker, as nothing was asked.' }),
    status: statusWordView,
    created_at: timeView,
    started_at: timeView.nullable(),
    completed_at: timeView.nullable(),
    files: z.array(fileView).meta({ description: 'What is restored.' }),
    target: z.strictObject({
      database_id: idView.meta({ description: 'The database that is restored onto, or beside.' }),
      new_database: z.string().nullable().meta({ description: 'The database that is made; null: none.' }),
    }),
    progress: progressView,
    error: errorView.nullable(),
    outcome: z.string().nullable().meta({ description: 'What the target holds now, for people; null until the end.' }),
  })
  .meta({
    id: 'RestoreV1',
    description: 'One restore of a backup.',
    examples: [
      {
        id: '01991f60-5c1e-7a9b-8d2f-70e1f3b2c4d5',
        job_id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
        backup_id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
        compute: {
          id: 3,
          type: 'ss_agent',
          server: {
            id: 3,
            host: '',
            user: '',
            port: 0,
            name: 'WordPress Blog',
            created_at: '2026-04-25T14:16:59.000Z',
            last_used: '2026-09-02T07:59:30.000Z',
            status: 'success',
          },
        },
        status: 'pending',
        created_at: '2026-09-02T08:00:00.120Z',
        started_at: null,
        completed_at: null,
        files: [exampleFile],
        target: { database_id: '01991f4c-9a10-7c55-b6d1-597601234ffb', new_database: null },
        progress: { bytes: 0, fraction: null },
        error: null,
        outcome: null,
      },
    ],
  });

export async function presentRestoreV1(
  call: Linking,
  backup: Backup,
  restore: Restore,
): Promise<z.input<typeof restoreV1View>> {
  const { target } = restore;
  const files = await shownFiles(call.deps, backup.id);
  return {
    id: restore.id,
    job_id: backup.databaseId,
    backup_id: backup.id,
    compute: await presentCompute(call.deps, restore),
    status: statusWord(restore.status),
    created_at: presentTime(restore.createdAt),
    started_at: presentTime(restore.startedAt),
    completed_at: presentTime(restore.completedAt),
    files: await presentFiles(
      call,
      backup,
      files.filter((file) => isRestored(file, restore)),
    ),
    target: { database_id: restore.databaseId, new_database: target.mode === 'new_database' ? target.database : null },
    progress: presentProgress(restore),
    error: restore.error,
    outcome: outcomeOf(restore),
  };
}
