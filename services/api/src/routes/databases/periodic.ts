import { cronForHours, type Database, type Schedule } from '@holdfast/shared/domain';
import type { ApiDeps } from '../../deps.ts';
import { given } from '../../http/fields.ts';
import type { PeriodicRequest } from './registration.ts';

/** Off, and at night in UTC, until something else is asked for. */
const initial = {
  destinationId: null,
  cron: cronForHours([3]),
  timezone: 'UTC',
  retention: {},
  enabled: false,
  catchUp: 'once',
  overlap: 'skip',
  graceSeconds: 60,
  jitterSeconds: 0,
  isPeriodicSetting: true,
} as const;

/**
 * Brings the schedule behind `periodic_backups_*` in line with what was asked for, and makes it when there is none.
 * @returns the schedule as it is afterwards, or null when there never was one
 */
export async function applyPeriodic(
  { persistence }: ApiDeps,
  database: Database,
  { periodic_backups_enabled: enabled, periodic_backups_scheduled_at: hours }: PeriodicRequest,
): Promise<Schedule | null> {
  const { schedules } = persistence;
  const setting = await schedules.findPeriodicSetting(database.id);
  if (enabled === undefined && hours === undefined) return setting;
  const change = { ...given({ enabled }), ...(hours && { cron: cronForHours(hours), timezone: 'UTC' }) };
  if (setting) return schedules.update(database.accountId, setting.id, change);
  try {
    return await schedules.create(database.accountId, { ...initial, databaseId: database.id, ...change });
  } catch (error) {
    // Another request may have made it at the same moment.
    const made = await schedules.findPeriodicSetting(database.id);
    if (!made) throw error;
    return schedules.update(database.accountId, made.id, change);
  }
}
