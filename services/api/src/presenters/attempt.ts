import type { WorkAttempt, WorkState } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { bytesView, errorView } from './values.ts';

/** One attempt at a backup or restore. */
const attemptView = z
  .strictObject({
    attempt: z.int().min(1),
    started_at: timeView,
    ended_at: timeView.nullable(),
    worker: z.string().meta({ description: 'Who was at it, as its logs name it.' }),
    bytes: bytesView.meta({ description: 'Bytes of plain dump that it came to.' }),
    error: errorView.nullable().meta({ description: 'Why it ended without a result.' }),
    settled: z.boolean().meta({ description: 'Whether it is the one that made the whole `done`.' }),
  })
  .meta({
    id: 'Attempt',
    examples: [
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
  });

/** What backups and restores show of their attempts. */
export const attemptsView = {
  attempts: z.array(attemptView).meta({ description: 'All attempts, the first one first.' }),
  next_attempt_at: timeView.nullable().meta({ description: 'Not before then; null unless it waits after an attempt.' }),
  cancel_requested_at: timeView.nullable(),
};

type Shown = { [key in keyof typeof attemptsView]: z.input<(typeof attemptsView)[key]> };

export function presentAttempts(
  { status, attempt, runAfter, cancelRequestedAt }: WorkState,
  attempts: readonly WorkAttempt[],
): Shown {
  return {
    attempts: attempts.map((one) => ({
      attempt: one.attempt,
      started_at: presentTime(one.startedAt),
      ended_at: presentTime(one.endedAt),
      worker: one.worker,
      bytes: one.bytes,
      error: one.error,
      settled: one.settled,
    })),
    next_attempt_at: status === 'scheduled' && attempt > 0 ? presentTime(runAfter) : null,
    cancel_requested_at: presentTime(cancelRequestedAt),
  };
}
