import type { JobContext, JobHandlers, JobName, JobPayload } from '@holdfast/shared/contracts';

export type AnyPayload = JobPayload<JobName>;
export type AnyHandler = (payload: AnyPayload, context: JobContext, name: JobName) => Promise<void>;

/** The same handler for every kind of job. */
export function handlersOf(handle: AnyHandler): JobHandlers {
  return {
    'backup.run@1': (payload, context) => handle(payload, context, 'backup.run@1'),
    'restore.run@1': (payload, context) => handle(payload, context, 'restore.run@1'),
    'verification.run@1': (payload, context) => handle(payload, context, 'verification.run@1'),
    'verification.sweep@1': (payload, context) => handle(payload, context, 'verification.sweep@1'),
    'destination.import@1': (payload, context) => handle(payload, context, 'destination.import@1'),
    'run.begin@1': (payload, context) => handle(payload, context, 'run.begin@1'),
    'attempt.sweep@1': (payload, context) => handle(payload, context, 'attempt.sweep@1'),
    'attempt.hooks@1': (payload, context) => handle(payload, context, 'attempt.hooks@1'),
    'restore.sweep@1': (payload, context) => handle(payload, context, 'restore.sweep@1'),
    'backup.delete@1': (payload, context) => handle(payload, context, 'backup.delete@1'),
    'destination.reconcile@1': (payload, context) => handle(payload, context, 'destination.reconcile@1'),
  };
}

/** Runs until its signal is aborted, and then fails with the signal's reason, as handlers do. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
