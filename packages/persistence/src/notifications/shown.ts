import type { EntityManager } from 'typeorm';
import type { Channel, Delivery, NotificationEvent } from '@holdfast/shared/domain';
import { channelEntity, eventEntity } from '../entities/notifications.ts';
import type { ShownDelivery } from '../repositories/index.ts';

/** Of one delivery; whoever wants all looks at the alerts. */
const mostEvents = 50;

interface Told {
  deliveryId: string;
  eventId: string;
  count: number;
}

/** Deliveries with their channels and events: two queries for all of them. */
export async function showDeliveries(
  manager: EntityManager,
  deliveries: readonly Delivery[],
): Promise<ShownDelivery[]> {
  if (deliveries.length === 0) return [];
  const told = await manager.query<Told[]>(
    `select * from (
       select t.delivery_id as "deliveryId", t.event_id as "eventId",
         count(*) over (partition by t.delivery_id)::integer as count,
         row_number() over (partition by t.delivery_id order by e.at, e.id) as place
       from holdfast.notification_delivery_events t join holdfast.notification_events e on e.id = t.event_id
       where t.delivery_id = any ($1)
     ) all_of_them where place <= ${mostEvents} order by "deliveryId", place`,
    [deliveries.map(({ id }) => id)],
  );
  const events = new Map((await eventsOf(manager, told)).map((event) => [event.id, event]));
  const toldBy = Map.groupBy(told, ({ deliveryId }) => deliveryId);
  const channels = new Map((await channelsOf(manager, deliveries)).map((channel) => [channel.id, channel]));
  return deliveries.flatMap((delivery) => {
    const channel = channels.get(delivery.channelId);
    if (!channel) return [];
    const own = toldBy.get(delivery.id) ?? [];
    const shown = own.flatMap(({ eventId }) => events.get(eventId) ?? []);
    return [{ ...delivery, channel, events: shown, eventCount: own[0]?.count ?? 0 }];
  });
}

async function eventsOf(manager: EntityManager, told: readonly Told[]): Promise<NotificationEvent[]> {
  const ids = [...new Set(told.map(({ eventId }) => eventId))];
  return await manager.createQueryBuilder(eventEntity, 'e').where('e.id = any (:ids)', { ids }).getMany();
}

async function channelsOf(
  manager: EntityManager,
  deliveries: readonly Delivery[],
): Promise<Pick<Channel, 'id' | 'name' | 'type' | 'scheduleId'>[]> {
  const ids = [...new Set(deliveries.map(({ channelId }) => channelId))];
  return await manager
    .createQueryBuilder(channelEntity, 'c')
    .select(['c.id', 'c.name', 'c.type', 'c.scheduleId'])
    .where('c.id = any (:ids)', { ids })
    .getMany();
}
