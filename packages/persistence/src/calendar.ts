import type { EntityManager } from 'typeorm';
import type { CalendarSlot } from './repositories/index.ts';

/**
 * The slots of all schedules of an account, oldest first, at most `limit`. A policy plans one run ahead, which stands here for
 * each schedule that it has.
 */
export async function calendar(
  manager: EntityManager,
  accountId: number,
  { from, to, limit }: { from: Date; to: Date; limit: number },
): Promise<CalendarSlot[]> {
  return await manager.query<CalendarSlot[]>(
    `select s.database_id as "databaseId", c.* from holdfast.schedules s cross join lateral (
      select l.schedule_id as "scheduleId", l.scheduled_for as "scheduledFor", l.run_at as "runAt", l.status, l.reason,
        l.covers, l.backup_id as "backupId", l.ended_at as "endedAt"
      from holdfast.slots l where l.schedule_id = s.id and l.scheduled_for >= $2 and l.scheduled_for < $3
      union all
      select s.id, p.next_run_at, p.next_run_at, 'planned', null, 1, null, null
      from holdfast.policies p
      where p.id = s.policy_id and p.enabled and s.enabled and p.next_run_at >= $2 and p.next_run_at < $3
        and exists (select from holdfast.databases d where d.id = s.database_id and d.vanished_at is null)
    ) c where s.account_id = $1 order by c."scheduledFor", s.id limit $4`,
    [accountId, from, to, limit],
  );
}
