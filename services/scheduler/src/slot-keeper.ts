import { batchSize, type SchedulerDeps } from './deps.ts';

/** Slots, or runs, that one statement forgets. */
const forgottenAtOnce = 1000;

/**
 * Plans on for schedules that have too few slots ahead, which the ticker leaves alone until one is due: those from before an
 * upgrade, and all when more are wanted. Forgets slots and runs of long ago.
 */
export async function keepSlots({ persistence }: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await persistence.schedules.planMissing(batchSize);
  while (!signal.aborted && (await persistence.schedules.forgetOldSlots(forgottenAtOnce)) === forgottenAtOnce);
  while (!signal.aborted && (await persistence.policyRuns.forgetOld(forgottenAtOnce)) === forgottenAtOnce);
}
