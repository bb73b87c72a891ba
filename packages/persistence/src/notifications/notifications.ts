import type { DataSource, EntityManager } from 'typeorm';
import type { Channel, DeliveryEnd, Ids } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { currentTime } from '../current-time.ts';
import { channelEntity, deliveryEntity } from '../entities/notifications.ts';
import { isUuid } from '../keys.ts';
import type { ClaimedDelivery, DeliveryPage, NotificationRepository, ShownDelivery } from '../repositories/index.ts';
import { claimNext, settleDelivery, takeBack } from './delivering.ts';
import { recordEndings } from './events.ts';
import { fanOutOf, giveUpHours, repeatOf } from './outbox.ts';
import { recordPings } from './pings.ts';
import { openChannel } from './sealed-channel.ts';
import { showDeliveries } from './shown.ts';

const keptDays = 90;
/** Rows whose transaction was not over when a later one had been looked at are found within this time. */
const overlapSeconds = 120;

export class Notifications implements NotificationRepository {
  readonly #dataSource: DataSource;
  readonly #box: SecretBox;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, box: SecretBox, ids: Ids) {
    this.#dataSource = dataSource;
    this.#box = box;
    this.#ids = ids;
  }

  async collect(limit: number): Promise<void> {
    await this.#dataSource.transaction(async (manager) => {
      const now = await currentTime(manager);
      const since = await scanFrom(manager);
      if (!since) return;
      const found = [
        await recordEndings(manager, this.#ids, since, limit),
        await recordPings(manager, this.#ids, since, limit),
      ];
      // A page that was full is followed by another one, and what it found is not found again.
      if (found.every((count) => count < limit)) await scannedUntil(manager, now);
    });
  }

  async fanOut(limit: number): Promise<number> {
    const accounts = await this.#dataSource.query<{ id: number }[]>(
      'select distinct account_id as id from holdfast.notification_events where fanned_out_at is null',
    );
    return await this.#eachAccount(accounts, (manager, id) => fanOutOf(manager, this.#ids, id, limit));
  }

  async repeat(): Promise<number> {
    const accounts = await this.#dataSource.query<{ id: number }[]>(
      `select distinct account_id as id from holdfast.notification_channels where enabled and rules ->> 'repeatHours' is not null`,
    );
    return await this.#eachAccount(accounts, (manager, id) => repeatOf(manager, this.#ids, id));
  }

  async claim(leaseSeconds: number): Promise<ClaimedDelivery | null> {
    const owner = this.#ids.uuid();
    return await this.#dataSource.transaction(async (manager) => {
      const delivery = await claimNext(manager, owner, leaseSeconds);
      if (!delivery) return null;
      const row = await manager.findOneByOrFail(channelEntity, { id: delivery.channelId });
      const [shown] = await showDeliveries(manager, [delivery]);
      return shown ? { ...shown, channel: openChannel(this.#box, row), owner } : null;
    });
  }

  async settle(claimed: ClaimedDelivery, end: DeliveryEnd): Promise<boolean> {
    return await this.#dataSource.transaction((manager) => settleDelivery(manager, claimed, end));
  }

  async handBack(claimed: ClaimedDelivery): Promise<void> {
    await this.#dataSource.transaction((manager) => takeBack(manager, claimed));
  }

  async test({ id: channelId, accountId }: Pick<Channel, 'id' | 'accountId'>, message: string): Promise<string> {
    const id = this.#ids.uuid();
    await this.#dataSource.query(
      `insert into holdfast.notification_deliveries (id, account_id, channel_id, cause, message, give_up_at)
       values ($1, $2, $3, 'test', $4, now())`,
      [id, accountId, channelId, message],
    );
    return id;
  }

  async giveUp(id: string, reason: string): Promise<boolean> {
    const where = { id, status: 'scheduled' } as const;
    const change = { status: 'error', error: reason, endedAt: () => 'clock_timestamp()' } as const;
    return (await this.#dataSource.manager.update(deliveryEntity, where, change)).affected === 1;
  }

  async findOwned(accountId: number, id: string): Promise<ShownDelivery | null> {
    if (!isUuid(id)) return null;
    const { manager } = this.#dataSource;
    const found = await manager.findBy(deliveryEntity, { accountId, id });
    return (await showDeliveries(manager, found))[0] ?? null;
  }

  async list(accountId: number, { limit, channelId, status, before }: DeliveryPage): Promise<ShownDelivery[]> {
    if (channelId !== null && !isUuid(channelId)) return [];
    const { manager } = this.#dataSource;
    const query = manager.createQueryBuilder(deliveryEntity, 'd').where('d.account_id = :accountId', { accountId });
    if (channelId !== null) query.andWhere('d.channel_id = :channelId', { channelId });
    if (status !== null) query.andWhere('d.status = :status', { status });
    if (before !== null) query.andWhere('d.created_at < :before', { before });
    const found = await query.orderBy('d.created_at', 'DESC').addOrderBy('d.id', 'DESC').limit(limit).getMany();
    return await showDeliveries(manager, found);
  }

  async resend(accountId: number, id: string): Promise<ShownDelivery | 'open' | null> {
    const known = await this.findOwned(accountId, id);
    if (!known) return null;
    const [again] = await this.#dataSource.query<unknown[]>(
      `with again as (
        update holdfast.notification_deliveries set status = 'scheduled', attempts = 0, ended_at = null, error = null,
          answer = null, answer_status = null, next_attempt_at = clock_timestamp(),
          give_up_at = clock_timestamp() + interval '${giveUpHours} hours'
        where id = $1 and status in ('done', 'error') returning id
      ) select from again`,
      [known.id],
    );
    return again ? await this.findOwned(accountId, id) : 'open';
  }

  async forget(limit: number): Promise<number> {
    const past = `now() - interval '${keptDays} days'`;
    const rows = await this.#dataSource.query<unknown[]>(
      `with deliveries as (
        delete from holdfast.notification_deliveries where id in (
          select id from holdfast.notification_deliveries where ended_at < ${past} order by ended_at limit $1)
        returning id
      ), events as (
        delete from holdfast.notification_events where id in (
          select id from holdfast.notification_events e
          where at < ${past} and fanned_out_at is not null
            and not exists (select from holdfast.alerts a where a.id = e.alert_id and a.cleared_at is null)
            and not exists (select from holdfast.notification_delivery_events t where t.event_id = e.id)
          order by at limit $1)
        returning id
      ) select id from deliveries union all select id from events`,
      [limit],
    );
    return rows.length;
  }

  /** Each in a transaction of its own; one that fails does not keep the others back. */
  async #eachAccount(
    accounts: readonly { id: number }[],
    work: (manager: EntityManager, id: number) => Promise<number>,
  ): Promise<number> {
    let count = 0;
    const failures: unknown[] = [];
    for (const { id } of accounts) {
      try {
        count += await this.#dataSource.transaction((manager) => work(manager, id));
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `The notifications of ${failures.length} accounts failed.`);
    return count;
  }
}

/**
 * From when on ended rows are to be looked at: not from before the first channel, and with some overlap. Holds the scan until the
 * end of the transaction.
 * @returns null where there is no channel, or somebody else looks
 */
async function scanFrom(manager: EntityManager): Promise<Date | null> {
  const [scan] = await manager.query<{ since: Date | null }[]>(
    `select greatest(
       (select min(created_at) from holdfast.notification_channels where enabled),
       (select scanned_until from holdfast.notification_scans where name = 'ended')
     ) - interval '${overlapSeconds} seconds' as since
     from (select pg_try_advisory_xact_lock(hashtextextended('holdfast notification scan', 0)) as held) lock
     where held and exists (select from holdfast.notification_channels where enabled)`,
  );
  return scan?.since ?? null;
}

async function scannedUntil(manager: EntityManager, at: Date): Promise<void> {
  await manager.query(
    `insert into holdfast.notification_scans (name, scanned_until) values ('ended', $1)
     on conflict (name) do update set scanned_until = excluded.scanned_until`,
    [at],
  );
}
