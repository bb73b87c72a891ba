import type { EntityManager } from 'typeorm';
import type { SkipReason, Slot } from '@holdfast/shared/domain';
import { slotEntity } from './entities/slots.ts';
import { only } from './only.ts';
import type { PlannedSlot } from './ticks.ts';

/** Slots that ended are kept for so long: more than a year, so that yearly ones can be compared. */
const historyDays = 400;

const times = (slots: readonly Pick<Slot, 'scheduledFor'>[]): Date[] => slots.map(({ scheduledFor }) => scheduledFor);

/** The slots of a schedule that wait for their time or to be taken, oldest first. */
export async function plannedSlots(manager: EntityManager, scheduleId: string): Promise<Slot[]> {
  return await manager.find(slotEntity, { where: { scheduleId, status: 'planned' }, order: { scheduledFor: 'ASC' } });
}

/**
 * The time of the schedule's newest slot: every time up to it is accounted for.
 * @param now given, slots that are to come then are left out
 */
export async function newestTime(manager: EntityManager, scheduleId: string, now?: Date): Promise<Date | null> {
  const rows = await manager.query<{ newest: Date | null }[]>(
    `select max(scheduled_for) as newest from holdfast.slots
     where schedule_id = $1 and ($2::timestamptz is null or status <> 'planned' or run_at <= $2)`,
    [scheduleId, now ?? null],
  );
  return only(rows).newest;
}

/** Plans slots; of one that is there already and not taken, `runAt` is renewed. */
export async function planSlots(
  manager: EntityManager,
  scheduleId: string,
  slots: readonly PlannedSlot[],
): Promise<void> {
  if (slots.length === 0) return;
  await manager.query(
    `insert into holdfast.slots as s (schedule_id, scheduled_for, run_at, status, covers)
     select $1, scheduled_for, run_at, 'planned', covers
     from unnest($2::timestamptz[], $3::timestamptz[], $4::integer[]) planned (scheduled_for, run_at, covers)
     on conflict (schedule_id, scheduled_for) do update set run_at = excluded.run_at
       where s.status = 'planned' and s.run_at <> excluded.run_at`,
    [scheduleId, times(slots), slots.map(({ runAt }) => runAt), slots.map(({ covers }) => covers)],
  );
}

/** Takes planned slots back as if they had never been planned. */
export async function unplanSlots(
  manager: EntityManager,
  scheduleId: string,
  slots: readonly Pick<Slot, 'scheduledFor'>[],
): Promise<void> {
  await manager.query(
    `delete from holdfast.slots
     where schedule_id = $1 and scheduled_for = any ($2::timestamptz[]) and status = 'planned'`,
    [scheduleId, times(slots)],
  );
}

/** Ends planned slots without a backup: skipped for the reason, or missed where it is null. */
export async function dropSlots(
  manager: EntityManager,
  scheduleId: string,
  slots: readonly Pick<Slot, 'scheduledFor'>[],
  reason: SkipReason | null,
): Promise<void> {
  if (slots.length === 0) return;
  await manager.query(
    `update holdfast.slots set status = case when $3::text is null then 'missed' else 'skipped' end, reason = $3,
       ended_at = clock_timestamp()
     where schedule_id = $1 and scheduled_for = any ($2::timestamptz[]) and status = 'planned'`,
    [scheduleId, times(slots), reason],
  );
}

/**
 * Gives a planned slot the backup that was made for it, or at some time before.
 * @returns the backup's id
 */
export async function beginSlot(manager: EntityManager, scheduleId: string, scheduledFor: Date): Promise<string> {
  const begun = await manager.query<{ backupId: string }[]>(
    `with begun as (
      update holdfast.slots s set backup_id = b.id, ended_at = b.completed_at,
        status = case when b.status in ('done', 'error') then b.status else 'running' end
      from holdfast.backups b
      where s.schedule_id = $1 and s.scheduled_for = $2 and s.status = 'planned'
        and b.schedule_id = s.schedule_id and b.scheduled_for = s.scheduled_for
      returning b.id
    ) select id as "backupId" from begun`,
    [scheduleId, scheduledFor],
  );
  return only(begun).backupId;
}

/** Those that are not planned any more, newest first. */
export async function pastSlots(
  manager: EntityManager,
  scheduleId: string,
  { limit, before }: { limit: number; before: Date | null },
): Promise<Slot[]> {
  const query = manager
    .createQueryBuilder(slotEntity, 's')
    .where(`s.schedule_id = :scheduleId and s.status <> 'planned'`, { scheduleId });
  if (before) query.andWhere('s.scheduled_for < :before', { before });
  return await query.orderBy('s.scheduledFor', 'DESC').limit(limit).getMany();
}

/** @returns how many of those that ended long ago it removed */
export async function forgetOldSlots(manager: EntityManager, limit: number): Promise<number> {
  const removed = await manager.query<{ count: number }[]>(
    `with old as (
      select schedule_id, scheduled_for from holdfast.slots
      where ended_at < now() - make_interval(days => $2) order by ended_at limit $1 for update skip locked
    ), removed as (
      delete from holdfast.slots s using old
      where s.schedule_id = old.schedule_id and s.scheduled_for = old.scheduled_for returning 1
    ) select count(*)::integer as count from removed`,
    [limit, historyDays],
  );
  return only(removed).count;
}
