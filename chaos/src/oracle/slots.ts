import { nextTick } from '@holdfast/shared/domain';
import type { Check, SlotRow } from './evidence.ts';

const open = new Set(['planned', 'running']);
/** A slot is planned ahead, but hardly in the very moment in which its schedule is made or switched off. */
const edgeMs = 2000;

/** Each planned run that is past is one row, has ended, and says as what; its backup is there. */
export const slots: Check = ({ slots: rows, backups, records, schedules, now }) => {
  const past = rows.filter(({ scheduled_for: at }) => Date.parse(at) < now - 60_000);
  const bySchedule = Map.groupBy(rows, (row) => row.schedule_id);
  return [
    ...past.filter(({ status }) => open.has(status)).map((row) => `${nameOf(row)} is still ${row.status}`),
    ...rows.flatMap((row) => {
      if (row.backup_id === null) return ['done', 'error'].includes(row.status) ? [`${nameOf(row)} has no backup`] : [];
      const backup = backups.find(({ id }) => id === row.backup_id);
      if (!backup) return [`${nameOf(row)} names backup ${row.backup_id}, which does not exist`];
      const same = backup.schedule_id === row.schedule_id && sameTime(backup.scheduled_for, row.scheduled_for);
      if (!same) return [`${nameOf(row)} names backup ${backup.id}, which is of another one`];
      return row.status === backup.status || open.has(row.status)
        ? []
        : [`${nameOf(row)} is ${row.status}, its backup ${backup.id} is ${backup.status}`];
    }),
    ...backups
      .filter(({ schedule_id: id }) => id !== null && schedules.some((schedule) => schedule.id === id))
      .filter(({ id }) => rows.every((row) => row.backup_id !== id))
      .map(({ id }) => `backup ${id} is of a schedule and of no slot`),
    ...[...records.schedules.values()]
      .filter(({ unchanged, deleted }) => unchanged && !deleted)
      .flatMap(({ id, createdAt, disabledAt }) => {
        const schedule = schedules.find((row) => row.id === id);
        if (!schedule) return [`schedule ${id} was accepted and does not exist`];
        return missing(schedule, bySchedule.get(id) ?? [], createdAt + edgeMs, (disabledAt ?? now) - edgeMs);
      }),
  ];
};

const nameOf = ({ schedule_id: id, scheduled_for: at }: SlotRow): string => `slot ${at} of schedule ${id}`;

const sameTime = (left: string | null, right: string): boolean =>
  left !== null && Date.parse(left) === Date.parse(right);

/** The times of the cron expression that no row stands for; a row that covers several stands for those before it too. */
function missing(
  schedule: { id: string; cron: string; timezone: string },
  rows: readonly SlotRow[],
  from: number,
  until: number,
): string[] {
  const there = new Set(rows.map(({ scheduled_for: at }) => Date.parse(at)));
  const covering = rows.reduce((sum, { covers }) => sum + covers - 1, 0);
  const absent: string[] = [];
  for (let tick = nextTick(schedule, new Date(from)); tick && tick.getTime() < until; tick = nextTick(schedule, tick)) {
    if (!there.has(tick.getTime())) absent.push(tick.toISOString());
  }
  return absent.length > covering ? absent.map((at) => `schedule ${schedule.id} has no slot at ${at}`) : [];
}
