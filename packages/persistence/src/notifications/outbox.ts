import type { EntityManager } from 'typeorm';
import { wants, type Channel, type DeliveryCause, type Ids, type NotificationEvent } from '@holdfast/shared/domain';
import { channelEntity, eventEntity } from '../entities/notifications.ts';

/** Hours after which a message that could not be delivered is given up. */
export const giveUpHours = 24;

type Receiver = Pick<Channel, 'id' | 'accountId' | 'rules' | 'createdAt'>;

/** The channels of an account that are told of events, locked one after another in a fixed order: who sends waits as briefly. */
async function lockChannels(manager: EntityManager, accountId: number): Promise<Receiver[]> {
  return await manager
    .createQueryBuilder(channelEntity, 'c')
    .where('c.account_id = :accountId and c.enabled and c.schedule_id is null', { accountId })
    .orderBy('c.id')
    .setLock('for_no_key_update')
    .getMany();
}

/** Gives the new events of an account to its channels. @returns how many there were */
export async function fanOutOf(manager: EntityManager, ids: Ids, accountId: number, limit: number): Promise<number> {
  const channels = await lockChannels(manager, accountId);
  const events = await manager
    .createQueryBuilder(eventEntity, 'e')
    .where('e.account_id = :accountId and e.fanned_out_at is null', { accountId })
    .orderBy('e.at')
    .addOrderBy('e.id')
    .limit(limit)
    .getMany();
  if (events.length === 0) return 0;
  for (const channel of channels) {
    const wanted = events.filter((event) => event.at >= channel.createdAt && wants(channel, event));
    if (wanted.length > 0) await give(manager, ids, channel, wanted);
  }
  await manager.query(
    'update holdfast.notification_events set fanned_out_at = clock_timestamp() where id = any ($1) and fanned_out_at is null',
    [events.map(({ id }) => id)],
  );
  return events.length;
}

/** Each event by itself as far as the channel's limit allows, or all in one that waits. */
async function give(
  manager: EntityManager,
  ids: Ids,
  channel: Receiver,
  events: readonly NotificationEvent[],
): Promise<void> {
  const { digestMinutes, mostPerHour } = channel.rules;
  if (digestMinutes !== null) {
    await collectInto(manager, ids, channel, events, { cause: 'digest', inSeconds: digestMinutes * 60 });
    return;
  }
  const [sent] = await manager.query<{ count: number; until: number | null }[]>(
    `select count(*)::integer as count, extract(epoch from min(created_at) + interval '1 hour' - now())::float8 as until
     from holdfast.notification_deliveries
     where channel_id = $1 and cause in ('event', 'repeat') and created_at > now() - interval '1 hour'`,
    [channel.id],
  );
  const room = Math.max(0, mostPerHour - (sent?.count ?? 0));
  for (const event of events.slice(0, room)) await newDelivery(manager, ids, channel, [event.id], { cause: 'event' });
  const inSeconds = Math.max(1, sent?.until ?? 3600);
  const held = events.slice(room);
  if (held.length > 0) await collectInto(manager, ids, channel, held, { cause: 'held', inSeconds });
}

interface Message {
  cause: DeliveryCause;
  inSeconds?: number;
}

/** Adds events to the channel's open message of that cause, or opens one. The channel is locked. */
async function collectInto(
  manager: EntityManager,
  ids: Ids,
  channel: Receiver,
  events: readonly NotificationEvent[],
  message: Message,
): Promise<void> {
  const eventIds = events.map(({ id }) => id);
  const [open] = await manager.query<{ id: string }[]>(
    `select id from holdfast.notification_deliveries
     where channel_id = $1 and cause = $2 and status = 'scheduled' and attempts = 0 and next_attempt_at > now()
     order by created_at limit 1`,
    [channel.id, message.cause],
  );
  if (open) await addEvents(manager, channel.id, open.id, eventIds);
  else await newDelivery(manager, ids, channel, eventIds, message);
}

async function newDelivery(
  manager: EntityManager,
  ids: Ids,
  channel: Pick<Channel, 'id' | 'accountId'>,
  eventIds: readonly string[],
  { cause, inSeconds = 0 }: Message,
): Promise<void> {
  const id = ids.uuid();
  await manager.query(
    `insert into holdfast.notification_deliveries (id, account_id, channel_id, cause, next_attempt_at, give_up_at)
     values ($1, $2, $3, $4, now() + make_interval(secs => $5), now() + make_interval(secs => $5, hours => ${giveUpHours}))`,
    [id, channel.accountId, channel.id, cause, inSeconds],
  );
  await addEvents(manager, channel.id, id, eventIds);
}

async function addEvents(
  manager: EntityManager,
  channelId: string,
  deliveryId: string,
  eventIds: readonly string[],
): Promise<void> {
  await manager.query(
    `insert into holdfast.notification_delivery_events (delivery_id, event_id, channel_id)
     select $1, id, $3 from unnest($2::uuid[]) id on conflict do nothing`,
    [deliveryId, eventIds, channelId],
  );
}

/**
 * The events of the channel `$1` that are to be told again: of an alert that is open, that nobody acknowledged, and that was last
 * told so many hours ago.
 */
const toRepeat = `
  select e.id from holdfast.notification_events e
  join holdfast.alerts a on a.id = e.alert_id and a.cleared_at is null and a.acknowledged_at is null
  where e.account_id = $2 and e.kind = 'alert.raised'
    and exists (select from holdfast.notification_delivery_events told where told.event_id = e.id and told.channel_id = $1)
    and not exists (
      select from holdfast.notification_delivery_events told join holdfast.notification_deliveries d on d.id = told.delivery_id
      where told.event_id = e.id and told.channel_id = $1
        and (d.status in ('scheduled', 'pending') or d.created_at > now() - make_interval(hours => $3)))
  order by e.at, e.id`;

/** One message for all of an account's channel that is to be told again. @returns how many messages it made */
export async function repeatOf(manager: EntityManager, ids: Ids, accountId: number): Promise<number> {
  let made = 0;
  for (const channel of await lockChannels(manager, accountId)) {
    const { repeatHours } = channel.rules;
    if (repeatHours === null) continue;
    const events = await manager.query<{ id: string }[]>(toRepeat, [channel.id, accountId, repeatHours]);
    if (events.length === 0) continue;
    const eventIds = events.map(({ id }) => id);
    await newDelivery(manager, ids, channel, eventIds, { cause: 'repeat' });
    made += 1;
  }
  return made;
}
