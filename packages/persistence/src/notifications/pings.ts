import type { EntityManager } from 'typeorm';
import type { Ids } from '@holdfast/shared/domain';
import { isGood } from '../proof.ts';
import { giveUpHours } from './outbox.ts';

interface Ping {
  accountId: number;
  channelId: string;
  backupId: string;
  ping: string;
  message: string;
}

/** The backups of schedules with pings that run, and those that ended since `$1`, as far as no ping was made of them. */
const due = `
  select p.account_id as "accountId", p.channel_id as "channelId", p.backup_id as "backupId", p.ping, p.message from (
    select c.account_id, c.id as channel_id, b.id as backup_id, b.started_at as at, 'start' as ping,
      format('The backup %s of "%s" has begun.', b.name, d.name) as message
    from holdfast.notification_channels c
    join holdfast.backups b on b.schedule_id = c.schedule_id and b.status = 'pending'
    join holdfast.databases d on d.id = b.database_id
    where c.type = 'ping' and b.started_at >= c.created_at
    union all
    select c.account_id, c.id, b.id, b.completed_at, case when ${isGood('b')} then 'success' else 'fail' end,
      case
        when b.status = 'error' then format('The backup %s of "%s" failed: %s', b.name, d.name, b.error ->> 'message')
        when ${isGood('b')} then format('The backup %s of "%s" is done.', b.name, d.name)
        else format('The backup %s of "%s" is done, and was found not to be good.', b.name, d.name)
      end
    from holdfast.notification_channels c
    join holdfast.backups b on b.schedule_id = c.schedule_id and b.completed_at > $1 and b.completed_at >= c.created_at
    join holdfast.databases d on d.id = b.database_id
    where c.type = 'ping' and not exists (
      select from holdfast.notification_deliveries told
      where told.source in (format('ping %s success', b.id), format('ping %s fail', b.id)))
  ) p
  where not exists (
    select from holdfast.notification_deliveries told where told.source = format('ping %s %s', p.backup_id, p.ping))
  order by p.at limit $2`;

/**
 * Ends what is out of date: whoever waits for a schedule's backups wants to know of the newest, and a beginning is no news any more
 * once its end is known and it could not be told in time.
 */
const supersede = `
  update holdfast.notification_deliveries old set status = 'error', ended_at = clock_timestamp(), error = 'A newer ping took its place.'
  where old.cause = 'ping' and old.status = 'scheduled' and exists (
    select from holdfast.notification_deliveries newer
    where newer.channel_id = old.channel_id and newer.id > old.id and newer.cause = 'ping'
      and (newer.backup_id <> old.backup_id or old.attempts > 0))`;

/** @returns how many it made */
export async function recordPings(manager: EntityManager, ids: Ids, since: Date, limit: number): Promise<number> {
  const pings = await manager.query<Ping[]>(due, [since, limit]);
  for (const { accountId, channelId, backupId, ping, message } of pings) {
    await manager.query(
      `insert into holdfast.notification_deliveries (id, account_id, channel_id, cause, source, ping, backup_id, message, give_up_at)
       values ($1, $2, $3, 'ping', $4, $5, $6, $7, now() + interval '${giveUpHours} hours') on conflict (source) do nothing`,
      [ids.uuid(), accountId, channelId, `ping ${backupId} ${ping}`, ping, backupId, message],
    );
  }
  if (pings.length > 0) await manager.query(supersede);
  return pings.length;
}
