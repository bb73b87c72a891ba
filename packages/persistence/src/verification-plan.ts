import type { EntityManager } from 'typeorm';
import type { VerificationLevel } from '@holdfast/shared/domain';
import { asked, isBeingVerified, levelAt, rank } from './proof.ts';
import type { NewVerification } from './repositories/index.ts';

export type Planned = Pick<NewVerification, 'backupId' | 'scratchDatabaseId' | 'cause' | 'level'>;

/** So many of a schedule, and so many looks again at one destination, wait or run: each keeps its backup from being deleted. */
const openAtOnce = 2;

const firstRestHours = 6;
const mostDoublings = 5;

/** When a verification that came to nothing or to less is tried again: after the first 6 h, then after twice as long each time. */
const restsUntil = (last: string, count: string): string =>
  `${last} + make_interval(hours => ${firstRestHours}) * power(2, least(${count}, ${mostDoublings + 1}) - 1)`;

/** The verifications of `w` that ended without what `condition`, on `v`, says that they should have led to. */
const inVain = (condition: string): string => `(
  select count(*) as count, max(v.completed_at) as last from holdfast.verifications v
  where v.backup_id = w.id and v.completed_at is not null and ${condition})`;

const isKept = `w.status = 'done' and w.deletion_requested_at is null`;

/**
 * What the policies of schedules ask for, newest backups first: each backup; the newest one where none of the newest N, or
 * of the last seven days, was verified. Where each backup is to be verified, so is the newest one that somebody asked for since,
 * by the policy that asks for most. Damaged ones are left to the periodic look.
 */
export async function plannedByPolicies(manager: EntityManager, limit: number): Promise<Planned[]> {
  const ofSchedule = `
    select w.id, w.completed_at, ${asked('s.verification', 'w')} as asked, ${rank('w.verified_level')} as proven,
      ${isBeingVerified('w')} as open
    from holdfast.backups w
    where w.schedule_id = s.id and ${isKept} and w.damaged_at is null`;
  const byHand = `
    select w.id, w.completed_at, ${asked('s.verification', 'w')} as asked, ${rank('w.verified_level')} as proven,
      ${isBeingVerified('w')} as open
    from holdfast.backups w
    where w.database_id = s.database_id and w.schedule_id is null and w.imported_at is null and w.created_at >= s.created_at
      and ${isKept} and w.damaged_at is null
    order by w.created_at desc, w.id desc limit 1`;
  const asksMost = `s.enabled and s.id = (
    select o.id from holdfast.schedules o
    where o.database_id = s.database_id and o.enabled and o.verification ->> 'every' = '1'
    order by ${rank(`o.verification ->> 'level'`)} desc, o.id limit 1)`;
  const newestFirst = 'order by w.completed_at desc, w.id desc';
  const askedInVain = inVain(`${rank('v.level')} >= w.asked`);
  return await manager.query<Planned[]>(
    `with open as materialized (
      select b.schedule_id, count(*) as count from holdfast.verifications v join holdfast.backups b on b.id = v.backup_id
      where v.status in ('scheduled', 'pending') group by b.schedule_id
    )
    select p.id as "backupId", s.verification ->> 'scratchDatabaseId' as "scratchDatabaseId", 'policy' as cause,
      ${levelAt('p.asked')} as level
    from holdfast.schedules s left join open on open.schedule_id = s.id
    cross join lateral (
      (select w.id, w.completed_at, w.asked from (${ofSchedule}) w cross join lateral ${askedInVain} tried
       where s.verification ->> 'every' = '1' and w.proven < w.asked and not w.open
         and (tried.count = 0 or ${restsUntil('tried.last', 'tried.count')} <= now())
       ${newestFirst} limit greatest(0, ${openAtOnce} - coalesce(open.count, 0)))
      union all
      (select w.id, w.completed_at, w.asked from (${byHand}) w cross join lateral ${askedInVain} tried
       where s.verification ->> 'every' = '1' and ${asksMost} and w.proven < w.asked and not w.open
         and (tried.count = 0 or ${restsUntil('tried.last', 'tried.count')} <= now()))
      union all
      (select w.id, w.completed_at, w.asked from (
        select w.*, bool_or(w.open or w.proven >= w.asked) over () as has_one,
          sum(tried.count) over () as count, max(tried.last) over () as last
        from (
          select * from (${ofSchedule}) w
          where w.completed_at > case s.verification ->> 'every' when 'weekly' then now() - interval '7 days' else '-infinity' end
          ${newestFirst}
          limit case when s.verification ->> 'every' = 'weekly' then null else (s.verification ->> 'every')::integer end
        ) w cross join lateral ${askedInVain} tried
      ) w
      where s.verification ->> 'every' <> '1' and not w.has_one and (w.count = 0 or ${restsUntil('w.last', 'w.count')} <= now())
      ${newestFirst} limit 1)
    ) p
    where s.verification is not null
    order by p.completed_at desc, p.id limit $1`,
    [limit],
  );
}

/**
 * The backups that nobody looked at for longest, of each destination a few at a time; at once those that an import brought, or
 * whose objects are back: nothing is known of what these hold.
 */
export async function plannedRechecks(
  manager: EntityManager,
  limit: number,
  recheckSeconds: number,
): Promise<Planned[]> {
  const level: VerificationLevel = 'readable';
  const lookedAt = (column: string): string => `(
    select w.id, w.${column} as looked_at from holdfast.backups w
    cross join lateral ${inVain(`v.status = 'error' and v.completed_at > w.${column}`)} tried
    where w.destination_id = d.id and ${isKept} and not ${isBeingVerified('w')} and (
        w.${column} <= now() - make_interval(secs => $2)
        ${column === 'verified_at' ? '' : 'or w.verified_level is null and w.damaged_at is null'})
      and (tried.count = 0 or ${restsUntil('tried.last', 'tried.count')} <= now())
      ${column === 'verified_at' ? '' : 'and w.verified_at is null'}
    order by w.${column} limit greatest(0, ${openAtOnce} - coalesce(open.count, 0)))`;
  return await manager.query<Planned[]>(
    `with open as materialized (
      select b.destination_id, count(*) as count from holdfast.verifications v join holdfast.backups b on b.id = v.backup_id
      where v.status in ('scheduled', 'pending') and v.cause = 'recheck' group by b.destination_id
    )
    select p.id as "backupId", null as "scratchDatabaseId", 'recheck' as cause, '${level}' as level
    from holdfast.destinations d left join open on open.destination_id = d.id
    cross join lateral (
      select * from (${lookedAt('verified_at')} union all ${lookedAt('completed_at')}) w
      order by w.looked_at, w.id limit greatest(0, ${openAtOnce} - coalesce(open.count, 0))
    ) p
    order by p.looked_at, p.id limit $1`,
    [limit, recheckSeconds],
  );
}
