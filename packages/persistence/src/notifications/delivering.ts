import type { EntityManager } from 'typeorm';
import type { Delivery, DeliveryEnd } from '@holdfast/shared/domain';
import { deliveryEntity } from '../entities/notifications.ts';
import type { ClaimedDelivery } from '../repositories/index.ts';

/** A channel to which sending fails is tried ever more seldom, at most at this distance. */
const longestPauseSeconds = 900;

/** What has not ended: whose attempt is pending while nobody holds its channel was left by somebody who died. */
const isOpen = (d: string): string => `${d}.status in ('scheduled', 'pending')`;

/**
 * Leases the channel whose delivery has been due for longest, and begins that delivery. While a channel is leased nobody else sends
 * to it, so that its messages keep their order. A trial does not wait for a channel that rests after a failure.
 */
export async function claimNext(manager: EntityManager, owner: string, leaseSeconds: number): Promise<Delivery | null> {
  const [channel] = await manager.query<{ id: string; rests: boolean }[]>(
    `with taken as (
      update holdfast.notification_channels set lease_owner = $1, lease_until = clock_timestamp() + make_interval(secs => $2)
      where id = (
        select c.id from (
          select channel_id, min(next_attempt_at) as due_at, bool_or(cause = 'test') as tries
          from holdfast.notification_deliveries d where ${isOpen('d')} and next_attempt_at <= clock_timestamp() group by channel_id
        ) waiting join holdfast.notification_channels c on c.id = waiting.channel_id
        where (c.lease_until is null or c.lease_until < clock_timestamp())
          and (c.not_before is null or c.not_before <= clock_timestamp() or waiting.tries)
        order by waiting.due_at, c.id limit 1 for no key update of c skip locked)
      returning id, coalesce(not_before > clock_timestamp(), false) as rests
    ) select * from taken`,
    [owner, leaseSeconds],
  );
  if (!channel) return null;
  // By a look of its own: what the one before saw of the deliveries may have been settled until it had the channel.
  const [begun] = await manager.query<{ id: string }[]>(
    `with begun as (
      update holdfast.notification_deliveries set status = 'pending', attempts = attempts + 1
      where id = (
        select d.id from holdfast.notification_deliveries d
        where d.channel_id = $1 and ${isOpen('d')} and d.next_attempt_at <= clock_timestamp() and (d.cause = 'test' or not $2)
        order by d.cause = 'test' desc, d.next_attempt_at, d.created_at, d.id limit 1)
      returning id
    ) select id from begun`,
    [channel.id, channel.rests],
  );
  if (begun) return await manager.findOneByOrFail(deliveryEntity, { id: begun.id });
  await free(manager, channel.id, owner);
  return null;
}

/** @returns false when the lease ran out and somebody else sends the delivery again */
export async function settleDelivery(
  manager: EntityManager,
  { id, attempts, cause, channelId, owner }: ClaimedDelivery,
  { outcome, error, answerStatus, answer, retryInSeconds, restSeconds }: DeliveryEnd,
): Promise<boolean> {
  await free(manager, channelId, owner);
  if (outcome === 'delivered') {
    await manager.query(
      `update holdfast.notification_channels set failures = 0, not_before = null, failing_since = null, last_error = null,
         last_status = $2, last_delivered_at = clock_timestamp()
       where id = $1`,
      [channelId, answerStatus],
    );
  } else if (cause !== 'test') {
    await manager.query(
      `update holdfast.notification_channels set failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
         last_error = $2, last_status = $3, not_before = case when $4 then clock_timestamp() + make_interval(secs =>
           greatest($5::float8, least(${longestPauseSeconds}, 5 * power(2, least(failures, 10))))) end
       where id = $1`,
      [channelId, error, answerStatus, outcome === 'again', restSeconds],
    );
  }
  const settled = await manager.query<unknown[]>(
    `with judged as (
      select d.id, $3 = 'again' and d.cause <> 'test' and c.enabled
        and clock_timestamp() + make_interval(secs => $7) < d.give_up_at as again
      from holdfast.notification_deliveries d join holdfast.notification_channels c on c.id = d.channel_id where d.id = $1
    ), settled as (
      update holdfast.notification_deliveries d set
        status = case when $3 = 'delivered' then 'done' when again then 'scheduled' else 'error' end,
        ended_at = case when again then null else clock_timestamp() end,
        next_attempt_at = case when again then clock_timestamp() + make_interval(secs => $7) else next_attempt_at end,
        error = $4, answer_status = $5, answer = $6
      from judged where d.id = judged.id and d.status = 'pending' and d.attempts = $2
      returning d.id
    ) select from settled`,
    [id, attempts, outcome, error, answerStatus, answer, retryInSeconds],
  );
  return settled.length > 0;
}

export async function takeBack(
  manager: EntityManager,
  { id, attempts, channelId, owner }: ClaimedDelivery,
): Promise<void> {
  await free(manager, channelId, owner);
  await manager.query(
    `update holdfast.notification_deliveries set status = 'scheduled', attempts = attempts - 1
     where id = $1 and status = 'pending' and attempts = $2`,
    [id, attempts],
  );
}

async function free(manager: EntityManager, channelId: string, owner: string): Promise<void> {
  await manager.query(
    `update holdfast.notification_channels set lease_owner = null, lease_until = null where id = $1 and lease_owner = $2`,
    [channelId, owner],
  );
}
