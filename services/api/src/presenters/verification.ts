import { verificationCauses, type Schedule, type Verification, type WorkAttempt } from '@holdfast/shared/domain';
import { z } from 'zod';
import { attemptsView, presentAttempts } from './attempt.ts';
import { presentProgress, progressView, statusView } from './backup.ts';
import { levelView } from './proven.ts';
import { presentTime, timeView } from './time.ts';
import { errorView, idView } from './values.ts';

/** How a schedule's backups are verified. */
export const policyView = z
  .strictObject({
    level: levelView,
    every: z.union([z.int().min(1), z.literal('weekly')]).meta({
      description: '1: each backup; N: one of every N; `weekly`: the newest of every seven days.',
    }),
    scratch_database_id: idView.nullable().meta({
      description: 'The registered database on whose server scratch databases are made; null: the backup’s own.',
    }),
  })
  .meta({ id: 'VerificationPolicy', examples: [{ level: 'identical', every: 1, scratch_database_id: null }] });

export function presentPolicy({ verification }: Pick<Schedule, 'verification'>): z.input<typeof policyView> | null {
  if (!verification) return null;
  return {
    level: verification.level,
    every: verification.every,
    scratch_database_id: verification.scratchDatabaseId,
  };
}

/** A verification as the database dialect shows it. */
export const verificationView = z
  .strictObject({
    id: idView,
    backup_id: idView,
    cause: z.enum(verificationCauses).meta({
      description: 'A schedule’s `policy`, a `manual` request, or the periodic `recheck` of what is kept.',
    }),
    level: levelView.meta({ description: 'What is to be proven.' }),
    reached: levelView.nullable().meta({ description: 'What was proven; null where nothing was, and until `done`.' }),
    findings: z
      .array(z.strictObject({ code: z.string(), message: z.string() }))
      .meta({ description: 'Why it is less than was asked for, for people.' }),
    scratch_database_id: idView.meta({
      description: 'The registered database on whose server the scratch database is made.',
    }),
    created_at: timeView,
    started_at: timeView.nullable(),
    ended_at: timeView.nullable(),
    status: statusView.meta({ description: '`done`: it came to a verdict; `error`: it could not be carried out.' }),
    progress: progressView,
    attempt: z.int().min(0),
    ...attemptsView,
    error: errorView.nullable(),
  })
  .meta({
    id: 'Verification',
    description: 'One verification of a backup.',
    examples: [
      {
        id: '01991f70-1a2b-7c3d-8e4f-5a6b7c8d9e0f',
        backup_id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
        cause: 'manual',
        level: 'identical',
        reached: 'restorable',
        findings: [{ code: 'content_differs', message: 'public.orders has 999 rows where the source had 1000.' }],
        scratch_database_id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
        created_at: '2026-09-02T02:00:00.120Z',
        started_at: '2026-09-02T02:00:01.004Z',
        ended_at: '2026-09-02T02:10:00.311Z',
        status: 'done',
        progress: { bytes: 61_203_283_968, fraction: 1 },
        attempt: 1,
        attempts: [],
        next_attempt_at: null,
        cancel_requested_at: null,
        error: null,
      },
    ],
  });

export function presentVerification(
  verification: Verification,
  attempts: readonly WorkAttempt[],
): z.input<typeof verificationView> {
  return {
    id: verification.id,
    backup_id: verification.backupId,
    cause: verification.cause,
    level: verification.level,
    reached: verification.reached,
    findings: verification.findings,
    scratch_database_id: verification.databaseId,
    created_at: presentTime(verification.createdAt),
    started_at: presentTime(verification.startedAt),
    ended_at: presentTime(verification.completedAt),
    status: verification.status,
    progress: presentProgress(verification),
    attempt: verification.attempt,
    ...presentAttempts(verification, attempts),
    error: verification.error,
  };
}
