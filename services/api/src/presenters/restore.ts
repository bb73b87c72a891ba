import { outcomeOf, ownershipModes, type Restore, type WorkAttempt } from '@holdfast/shared/domain';
import { z } from 'zod';
import { attemptsView, presentAttempts } from './attempt.ts';
import { presentProgress, progressView, statusView } from './backup.ts';
import { presentTime, timeView } from './time.ts';
import { errorView, idView } from './values.ts';

/** A restore as the database dialect shows it. */
export const restoreView = z
  .strictObject({
    id: idView,
    created_at: timeView,
    started_at: timeView.nullable(),
    ended_at: timeView.nullable(),
    method: z.literal('backup'),
    status: statusView,
    database_id: idView.meta({ description: 'The database whose server is restored to.' }),
    source_backup_id: idView,
    target: z.union([z.strictObject({ in_place: z.literal(true) }), z.strictObject({ new_database: z.string() })]),
    ownership: z.enum(ownershipModes),
    selection: z
      .strictObject({ schemas: z.array(z.string()), tables: z.array(z.string()) })
      .nullable()
      .meta({ description: 'What of the backup is restored; null: everything.' }),
    group_id: idView
      .nullable()
      .meta({ description: 'What restores of one run of a policy have in common; null: it is restored alone.' }),
    after_restore_id: idView
      .nullable()
      .meta({ description: 'The restore that has to end before this one begins, whatever it ends as.' }),
    undo_of: idView
      .nullable()
      .meta({ description: 'The restore that it undoes; null: it brings content of a backup.' }),
    former: z.strictObject({ database: z.string(), until: timeView }).nullable().meta({
      description:
        'The database on the same server that keeps the former content, and until when: for an undo. Null: none is kept.',
    }),
    progress: progressView,
    attempt: z.int().min(0),
    ...attemptsView,
    error: errorView.nullable(),
    outcome: z.string().nullable().meta({ description: 'What the target holds now, for people; null until the end.' }),
  })
  .meta({
    id: 'Restore',
    description: 'One restore of a backup.',
    examples: [
      {
        id: '01991f60-5c1e-7a9b-8d2f-70e1f3b2c4d5',
        created_at: '2026-09-02T08:00:00.120Z',
        started_at: null,
        ended_at: null,
        method: 'backup',
        status: 'scheduled',
        database_id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
        source_backup_id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
        target: { new_database: 'shop_restored' },
        ownership: 'skip',
        selection: null,
        group_id: null,
        after_restore_id: null,
        undo_of: null,
        former: null,
        progress: { bytes: 0, fraction: null },
        attempt: 0,
        attempts: [],
        next_attempt_at: null,
        cancel_requested_at: null,
        error: null,
        outcome: null,
      },
    ],
  });

export function presentRestore(restore: Restore, attempts: readonly WorkAttempt[]): z.input<typeof restoreView> {
  const { target, former, formerUntil } = restore;
  return {
    id: restore.id,
    created_at: presentTime(restore.createdAt),
    started_at: presentTime(restore.startedAt),
    ended_at: presentTime(restore.completedAt),
    method: 'backup',
    status: restore.status,
    database_id: restore.databaseId,
    source_backup_id: restore.backupId,
    target: target.mode === 'new_database' ? { new_database: target.database } : { in_place: true },
    ownership: restore.ownership,
    selection: restore.selection,
    group_id: restore.groupId,
    after_restore_id: restore.afterRestoreId,
    undo_of: target.mode === 'undo' ? target.restoreId : null,
    former: former !== null && formerUntil !== null ? { database: former, until: presentTime(formerUntil) } : null,
    progress: presentProgress(restore),
    attempt: restore.attempt,
    ...presentAttempts(restore, attempts),
    error: restore.error,
    outcome: outcomeOf(restore),
  };
}
