import type { WorkStatus } from '@holdfast/shared/domain';
import { z } from 'zod';

/** What this dialect calls the states of backups and restores. */
const words = {
  scheduled: 'pending',
  pending: 'running',
  done: 'completed',
  error: 'failed',
} as const satisfies Record<WorkStatus, string>;

export const statusWord = (status: WorkStatus): (typeof words)[WorkStatus] => words[status];

export const statusWordView = z.enum(Object.values(words)).meta({
  id: 'StatusV1',
  description: '`pending` (accepted, not started), then `running`, then `completed` or `failed`.',
});
