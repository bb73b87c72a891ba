import { batchSize, type SchedulerDeps } from './deps.ts';

/**
 * Plans the verifications that the policies of schedules ask for, and those of backups that nobody looked at for long. The
 * dispatcher rings for them.
 */
export async function planVerifications({ persistence, settings, logger }: SchedulerDeps): Promise<void> {
  const { HOLDFAST_RECHECK_SECONDS: recheck, HOLDFAST_MAX_FAILURES: maxFailures } = settings;
  const planned = await persistence.verifications.plan(batchSize, recheck, maxFailures);
  if (planned > 0) logger.info({ planned }, 'backups are to be verified');
}
