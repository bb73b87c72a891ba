import type { SentinelDeps } from './deps.ts';

/** Judges every database anew, for the alerts and for since when it is in its state. */
export async function judgeAll({ persistence }: Pick<SentinelDeps, 'persistence'>): Promise<void> {
  await persistence.protection.record();
}
