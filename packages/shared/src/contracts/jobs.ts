import { z } from 'zod';

const requestId = z.string().max(200).nullable();

/**
 * Every job, by name. Payloads hold ids only: the row is the truth, and a job that comes late or twice finds that out
 * there. A change that older workers could misread takes a new name (`@2`), and both run until the old one is gone.
 */
export const jobCatalogue = {
  'backup.run@1': { queue: 'backups', payload: z.object({ backupId: z.uuid(), requestId }) },
  'restore.run@1': { queue: 'restores', payload: z.object({ restoreId: z.uuid(), requestId }) },
  'verification.run@1': { queue: 'verifications', payload: z.object({ verificationId: z.uuid(), requestId }) },
  'verification.sweep@1': { queue: 'maintenance', payload: z.object({ verificationId: z.uuid(), requestId }) },
  'run.begin@1': { queue: 'maintenance', payload: z.object({ runId: z.uuid(), requestId }) },
  'attempt.sweep@1': {
    queue: 'maintenance',
    payload: z.object({ backupId: z.uuid(), attempt: z.int().positive(), requestId }),
  },
  'attempt.hooks@1': {
    queue: 'maintenance',
    payload: z.object({ backupId: z.uuid(), attempt: z.int().positive(), requestId }),
  },
  'restore.sweep@1': { queue: 'maintenance', payload: z.object({ restoreId: z.uuid(), requestId }) },
  'backup.delete@1': { queue: 'maintenance', payload: z.object({ backupId: z.uuid(), requestId }) },
  'destination.reconcile@1': {
    queue: 'maintenance',
    payload: z.object({ destinationId: z.int().positive(), requestId }),
  },
  'destination.import@1': {
    queue: 'maintenance',
    payload: z.object({ destinationId: z.int().positive(), requestId }),
  },
} as const satisfies Record<string, { queue: string; payload: z.ZodType }>;

export type JobName = keyof typeof jobCatalogue;
export type JobPayload<N extends JobName> = z.infer<(typeof jobCatalogue)[N]['payload']>;
export type QueueName = (typeof jobCatalogue)[JobName]['queue'];

export const queueNames = [
  'backups',
  'restores',
  'verifications',
  'maintenance',
] as const satisfies readonly QueueName[];

/**
 * The id of the job that begins an attempt (or sweeps after it): whoever rings, and however often, an attempt has one job,
 * and another one after each refusal, as the refused job may not have ended yet.
 */
export function attemptJobId(
  kind: 'backup' | 'restore' | 'verification' | 'run' | 'sweep' | 'hooks',
  id: string,
  attempt: number,
  refusals = 0,
): string {
  return refusals === 0 ? `${kind}-${id}-${attempt}` : `${kind}-${id}-${attempt}-${refusals}`;
}

/** The id of the job that removes the objects of a backup. */
export const deletionJobId = (backupId: string): string => `delete-${backupId}`;

/** The id of the job that compares a destination with the catalogue. */
export const reconciliationJobId = (destinationId: number): string => `reconcile-${destinationId}`;

/** The id of the job that reads the backups of a destination into the catalogue. */
export const importJobId = (destinationId: number): string => `import-${destinationId}`;

/** What a job handler is given beside its payload. */
export interface JobContext {
  jobId: string;
  /** Aborted when the queue lost the job's lock or the worker must end. */
  signal: AbortSignal;
}

/** One handler for every job in the catalogue: a missing or misnamed one does not compile. */
export type JobHandlers = {
  [N in JobName]: (payload: JobPayload<N>, context: JobContext) => Promise<void>;
};
