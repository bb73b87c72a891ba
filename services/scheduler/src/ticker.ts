import { inBatches } from './batches.ts';
import { batchSize, ringsInParallel, type SchedulerDeps } from './deps.ts';

/** Takes the times of policies that are due: one run each, for which the dispatcher rings. */
export async function tickPolicies(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings, logger } = deps;
  await inBatches(
    (limit) => persistence.policies.takeDue(limit, settings.HOLDFAST_MAX_FAILURES),
    async (time) => {
      if (time.missed > 0)
        logger.warn(time, 'times of a policy had passed with nobody there: one run makes up for all');
      else logger.info(time, time.runId ? 'a policy has its run' : 'the run before is still to look at its server');
    },
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}

/** Takes the slots that are due. The dispatcher rings for the backups it makes, in the order of all that waits. */
export async function tick(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  const { persistence, settings, logger } = deps;
  await inBatches(
    (limit) => persistence.schedules.takeDue(limit, settings.HOLDFAST_MAX_FAILURES),
    async (slot) => {
      if (slot.status === 'missed') logger.warn(slot, 'a slot was missed');
      else logger.info(slot, slot.backupId ? 'a slot has its backup' : 'a slot was skipped');
    },
    { limit: batchSize, parallel: ringsInParallel, signal },
  );
}
