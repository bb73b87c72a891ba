import type { DataSource, EntityManager } from 'typeorm';
import { HoldfastError, type Ids, type Schedule, type VerificationPolicy } from '@holdfast/shared/domain';
import { calendar } from './calendar.ts';
import { currentTime } from './current-time.ts';
import { violatedConstraint } from './constraints.ts';
import { requireNotRemoved } from './deletion.ts';
import { scheduleEntity } from './entities/schedules.ts';
import { isUuid } from './keys.ts';
import { pick } from './pick.ts';
import type { CalendarSlot, NewSchedule, ScheduleRepository, SlotPage, TakenSlot } from './repositories/index.ts';
import { planAhead, replan } from './slot-plan.ts';
import { forgetOldSlots, pastSlots, plannedSlots } from './slots.ts';
import { takeSlots } from './take-slots.ts';

/** What a schedule and a change of it set. */
const fields = [
  'databaseId',
  'destinationId',
  'cron',
  'timezone',
  'retention',
  'verification',
  'enabled',
  'catchUp',
  'overlap',
  'graceSeconds',
  'jitterSeconds',
  'isPeriodicSetting',
] as const satisfies readonly (keyof NewSchedule)[];

/** What decides when a schedule comes due. */
const timing = ['cron', 'timezone', 'enabled', 'jitterSeconds'] as const;

export class Schedules implements ScheduleRepository {
  readonly #dataSource: DataSource;
  readonly #ids: Ids;
  readonly #ahead: number;

  /** @param slotsAhead how many slots of each schedule are planned before they are due */
  constructor(dataSource: DataSource, ids: Ids, slotsAhead: number) {
    this.#dataSource = dataSource;
    this.#ids = ids;
    this.#ahead = slotsAhead;
  }

  /** @throws HoldfastError configuration, when the destination or the scratch database is not the account's, or there is a periodic setting already */
  async create(accountId: number, schedule: NewSchedule): Promise<Schedule | null> {
    if (!isUuid(schedule.databaseId)) return null;
    const id = this.#ids.uuid();
    try {
      return await this.#dataSource.transaction(async (manager) => {
        await manager.insert(scheduleEntity, { ...pick(schedule, fields), id, accountId });
        await requireNotRemoved(manager, schedule.destinationId);
        await requireScratch(manager, accountId, schedule.verification);
        await this.#replan(manager, null, { ...schedule, id });
        return await manager.findOneByOrFail(scheduleEntity, { id });
      });
    } catch (error) {
      return refusal(error);
    }
  }

  async findOwned(accountId: number, databaseId: string, id: string): Promise<Schedule | null> {
    if (!isUuid(databaseId) || !isUuid(id)) return null;
    return await this.#dataSource.manager.findOneBy(scheduleEntity, { accountId, databaseId, id });
  }

  async findPeriodicSetting(databaseId: string): Promise<Schedule | null> {
    if (!isUuid(databaseId)) return null;
    return await this.#dataSource.manager.findOneBy(scheduleEntity, { databaseId, isPeriodicSetting: true });
  }

  async list(databaseId: string): Promise<Schedule[]> {
    if (!isUuid(databaseId)) return [];
    return await this.#dataSource.manager.find(scheduleEntity, {
      where: { databaseId },
      order: { createdAt: 'DESC', id: 'DESC' },
    });
  }

  /** @throws HoldfastError as `create` does */
  async update(accountId: number, id: string, change: Partial<NewSchedule>): Promise<Schedule | null> {
    if (!isUuid(id)) return null;
    try {
      return await this.#dataSource.transaction(async (manager) => {
        const where = { accountId, id };
        const old = await manager.findOne(scheduleEntity, { where, lock: { mode: 'pessimistic_write' } });
        if (!old) return null;
        const wanted = pick(change, fields);
        const changed = { ...old, ...wanted };
        await manager.update(scheduleEntity, where, { ...wanted, updatedAt: () => 'now()' });
        await requireNotRemoved(manager, change.destinationId);
        await requireScratch(manager, accountId, change.verification);
        if (timing.some((field) => changed[field] !== old[field])) await this.#replan(manager, old, changed);
        return await manager.findOneByOrFail(scheduleEntity, where);
      });
    } catch (error) {
      return refusal(error);
    }
  }

  async delete(accountId: number, id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    const { affected } = await this.#dataSource.manager.delete(scheduleEntity, { accountId, id });
    return affected === 1;
  }

  async slots(scheduleId: string, page: { limit: number; before: Date | null }): Promise<SlotPage> {
    if (!isUuid(scheduleId)) return { past: [], planned: [] };
    // One moment for both, so that no slot is in neither.
    return await this.#dataSource.transaction('REPEATABLE READ', async (manager) => ({
      past: await pastSlots(manager, scheduleId, page),
      planned: await plannedSlots(manager, scheduleId),
    }));
  }

  async calendar(accountId: number, range: { from: Date; to: Date; limit: number }): Promise<CalendarSlot[]> {
    return await calendar(this.#dataSource.manager, accountId, range);
  }

  async takeDue(limit: number, maxFailures: number): Promise<TakenSlot[]> {
    const due = await this.#dataSource.query<{ id: string }[]>(
      `select schedule_id as id from holdfast.slots where status = 'planned' and run_at <= now()
       group by schedule_id order by min(run_at), schedule_id limit $1`,
      [limit],
    );
    const turn = { ids: this.#ids, ahead: this.#ahead, maxFailures };
    const taken = await this.#withEach(due, async (manager, schedule) =>
      takeSlots(manager, schedule, { ...turn, now: await currentTime(manager) }),
    );
    return taken.flat();
  }

  async planMissing(limit: number): Promise<number> {
    const lacking = await this.#dataSource.query<{ id: string }[]>(
      `select id from holdfast.schedules s
       where enabled and policy_id is null and (
         select count(*) from holdfast.slots where schedule_id = s.id and status = 'planned' and run_at > now()) < $2
       order by id limit $1`,
      [limit, this.#ahead],
    );
    const planned = await this.#withEach(lacking, async (manager, schedule) =>
      planAhead(manager, schedule, await currentTime(manager), this.#ahead),
    );
    return planned.length;
  }

  async forgetOldSlots(limit: number): Promise<number> {
    return await forgetOldSlots(this.#dataSource.manager, limit);
  }

  async #replan(manager: EntityManager, old: Schedule | null, changed: NewSchedule & { id: string }): Promise<void> {
    await replan(manager, old, changed, { now: await currentTime(manager), ahead: this.#ahead });
  }

  /** Does the work for each schedule that is on and that nobody else holds, each in a transaction that locks it. */
  async #withEach<T>(
    ids: readonly { id: string }[],
    work: (manager: EntityManager, schedule: Schedule) => Promise<T>,
  ): Promise<T[]> {
    const results: T[] = [];
    const failures: unknown[] = [];
    for (const { id } of ids) {
      try {
        await this.#dataSource.transaction(async (manager) => {
          const lock = { mode: 'pessimistic_write', onLocked: 'skip_locked' } as const;
          const schedule = await manager.findOne(scheduleEntity, { where: { id, enabled: true }, lock });
          if (schedule) results.push(await work(manager, schedule));
        });
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `The slots of ${failures.length} schedules failed.`);
    return results;
  }
}

/**
 * Keeps the database on whose server scratch databases are made from being deleted until the end of the transaction.
 * @throws HoldfastError configuration, when the account has none of that id
 */
export async function requireScratch(
  manager: EntityManager,
  accountId: number,
  verification: VerificationPolicy | null | undefined,
): Promise<void> {
  const id = verification?.scratchDatabaseId;
  if (id === null || id === undefined) return;
  const found = isUuid(id)
    ? await manager.query<unknown[]>(
        'select id from holdfast.databases where account_id = $1 and id = $2 for key share',
        [accountId, id],
      )
    : [];
  if (found.length > 0) return;
  throw new HoldfastError('configuration', 'The database for scratch copies does not exist in this account.');
}

/** @returns null for a database that is not the account's; throws on everything else */
function refusal(error: unknown): null {
  switch (violatedConstraint(error) ?? '') {
    case 'schedules_database_fkey':
      return null;
    case 'schedules_destination_fkey':
      throw new HoldfastError('configuration', 'The destination does not exist in this account.', { cause: error });
    case 'schedules_periodic_setting_key':
      throw new HoldfastError('configuration', 'The database has its periodic setting already: change that one.', {
        cause: error,
      });
    default:
      throw error;
  }
}
