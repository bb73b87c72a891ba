import { IsNull, type DataSource, type EntityManager } from 'typeorm';
import type { Channel, ChannelRules, Ids, Schedule, Secret } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { violatedConstraint } from '../constraints.ts';
import { channelEntity } from '../entities/notifications.ts';
import { isUuid } from '../keys.ts';
import { pick } from '../pick.ts';
import type { ChannelChange, ChannelRepository, NewChannel } from '../repositories/index.ts';
import { openChannel, sealChannel } from './sealed-channel.ts';

const changeable = ['name', 'settings', 'rules', 'enabled'] as const satisfies readonly (keyof NewChannel)[];
const fields = ['type', ...changeable] as const;

/** Pings are no events: their channel is told of nothing else. */
const rulesOfPings: ChannelRules = {
  events: [],
  leastSeverity: 'critical',
  databases: null,
  digestMinutes: null,
  repeatHours: null,
  mostPerHour: 1,
};

const switchedOff = 'The channel was switched off before this was sent.';

export class Channels implements ChannelRepository {
  readonly #dataSource: DataSource;
  readonly #box: SecretBox;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, box: SecretBox, ids: Ids) {
    this.#dataSource = dataSource;
    this.#box = box;
    this.#ids = ids;
  }

  async create(accountId: number, channel: NewChannel): Promise<Channel | 'name_taken'> {
    const id = this.#ids.uuid();
    const secrets = sealChannel(this.#box, id, channel.secrets);
    try {
      await this.#dataSource.manager.insert(channelEntity, { ...pick(channel, fields), id, accountId, secrets });
    } catch (error) {
      return nameTaken(error);
    }
    return this.#open(await this.#dataSource.manager.findOneByOrFail(channelEntity, { id }));
  }

  async findOwned(accountId: number, id: string): Promise<Channel | null> {
    if (!isUuid(id)) return null;
    const row = await this.#dataSource.manager.findOneBy(channelEntity, { accountId, id, scheduleId: IsNull() });
    return row && this.#open(row);
  }

  async list(accountId: number): Promise<Channel[]> {
    const rows = await this.#dataSource.manager.find(channelEntity, {
      where: { accountId, scheduleId: IsNull() },
      order: { createdAt: 'DESC', id: 'DESC' },
    });
    return rows.map((row) => this.#open(row));
  }

  async update(accountId: number, id: string, change: ChannelChange): Promise<Channel | 'name_taken' | null> {
    if (!isUuid(id)) return null;
    try {
      return await this.#dataSource.transaction(async (manager) => {
        const where = { accountId, id, scheduleId: IsNull() };
        const old = await manager.findOne(channelEntity, { where, lock: { mode: 'pessimistic_write' } });
        if (!old) return null;
        const given = change.secrets ?? {};
        const secrets = Object.keys(given).length > 0 && { secrets: this.#merged(this.#open(old), given) };
        const wanted = { ...pick(change, changeable), ...secrets };
        await manager.update(channelEntity, { id: old.id }, { ...wanted, updatedAt: () => 'now()' });
        if (change.enabled === false) await endWaiting(manager, old.id);
        return this.#open(await manager.findOneByOrFail(channelEntity, { id: old.id }));
      });
    } catch (error) {
      return nameTaken(error);
    }
  }

  async delete(accountId: number, id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    const where = { accountId, id, scheduleId: IsNull() };
    return (await this.#dataSource.manager.delete(channelEntity, where)).affected === 1;
  }

  async setPing(schedule: Pick<Schedule, 'id' | 'accountId'>, url: Secret | null): Promise<void> {
    const { id: scheduleId, accountId } = schedule;
    await this.#dataSource.transaction(async (manager) => {
      // One after another for each schedule: there is one channel at most.
      await manager.query('select from holdfast.schedules where id = $1 for no key update', [scheduleId]);
      const known = await manager.findOne(channelEntity, {
        where: { scheduleId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!url) {
        if (known) await manager.delete(channelEntity, { id: known.id });
        return;
      }
      const id = known?.id ?? this.#ids.uuid();
      const set = { settings: { shownUrl: shownUrl(url) }, secrets: sealChannel(this.#box, id, { url }) };
      if (known) {
        await manager.update(channelEntity, { id }, { ...set, updatedAt: () => 'now()' });
        return;
      }
      const name = `ping of the schedule ${scheduleId}`;
      const fixed = { name, type: 'ping', rules: rulesOfPings, enabled: true } as const;
      await manager.insert(channelEntity, { id, accountId, scheduleId, ...fixed, ...set });
    });
  }

  #merged({ id, secrets }: Channel, change: NonNullable<ChannelChange['secrets']>): string | null {
    const kept = Object.entries({ ...secrets, ...change }).filter(([, secret]) => secret !== null);
    return sealChannel(this.#box, id, Object.fromEntries(kept));
  }

  #open(row: Parameters<typeof openChannel>[1]): Channel {
    return openChannel(this.#box, row);
  }
}

/** What of a URL is no secret. */
function shownUrl(url: Secret): string {
  return `${new URL(url.reveal()).origin}/…`;
}

async function endWaiting(manager: EntityManager, channelId: string): Promise<void> {
  await manager.query(
    `update holdfast.notification_deliveries set status = 'error', error = $2, ended_at = clock_timestamp()
     where channel_id = $1 and status = 'scheduled'`,
    [channelId, switchedOff],
  );
}

function nameTaken(error: unknown): 'name_taken' {
  if (violatedConstraint(error) === 'notification_channels_account_id_name_key') return 'name_taken';
  throw error;
}
