import type { DataSource, EntityManager } from 'typeorm';
import { HoldfastError, nextTick, type Ids, type Schedule } from '@holdfast/shared/domain';
import { violatedConstraint } from './constraints.ts';
import { requireNotRemoved } from './deletion.ts';
import { scheduleEntity, type ScheduleRow } from './entities/schedules.ts';
import { isUuid } from './keys.ts';
import { insertBackup } from './new-backup.ts';
import { only } from './only.ts';
import { pick } from './pick.ts';
import type { NewSchedule, ScheduleRepository, Tick } from './repositories/index.ts';
import { dueTicks, jitterMs } from './ticks.ts';

type Timing = Pick<Schedule, 'id' | 'cron' | 'timezone' | 'enabled' | 'jitterSeconds'>;

/** What a schedule and a change of it set. */
const fields = [
  'databaseId',
  'destinationId',
  'cron',
  'timezone',
  'retention',
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

  constructor(dataSource: DataSource, ids: Ids) {
    this.#dataSource = dataSource;
    this.#ids = ids;
  }

  /** @throws HoldfastError configuration, when the destination is not the account's or there is a periodic setting already */
  async create(accountId: number, schedule: NewSchedule): Promise<Schedule | null> {
    if (!isUuid(schedule.databaseId)) return null;
    const id = this.#ids.uuid();
    try {
      return await this.#dataSource.transaction(async (manager) => {
        const due = firstDue({ ...schedule, id }, await currentTime(manager));
        await manager.insert(scheduleEntity, { ...pick(schedule, fields), ...due, id, accountId });
        await requireNotRemoved(manager, schedule.destinationId);
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

  /**
   * A new time counts from now; a tick that was due before and not taken yet is not lost by it.
   * @throws HoldfastError as `create` does
   */
  async update(accountId: number, id: string, change: Partial<NewSchedule>): Promise<Schedule | null> {
    if (!isUuid(id)) return null;
    try {
      return await this.#dataSource.transaction(async (manager) => {
        const where = { accountId, id };
        const old = await manager.findOne(scheduleEntity, { where, lock: { mode: 'pessimistic_write' } });
        if (!old) return null;
        const now = await currentTime(manager);
        const wanted = pick(change, fields);
        const changed = { ...old, ...wanted };
        const isTimed = timing.some((field) => changed[field] !== old[field]);
        const isOutstanding = changed.enabled && old.nextRunAt !== null && old.nextRunAt <= now;
        const due = isTimed && !isOutstanding ? firstDue(changed, now) : {};
        await manager.update(scheduleEntity, where, { ...wanted, ...due, updatedAt: () => 'now()' });
        await requireNotRemoved(manager, change.destinationId);
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

  /**
   * `dueTicks` says which ticks a catch-up policy answers. Overlap `skip` drops a tick while a backup of the database waits
   * or runs. A schedule that fails does not keep the others back.
   * @throws AggregateError, after all others had their turn, with what failed
   */
  async takeDue(limit: number, maxFailures: number): Promise<Tick[]> {
    const taken: string[] = [];
    const ticks: Tick[] = [];
    const failures: unknown[] = [];
    while (taken.length < limit) {
      const count = taken.length;
      try {
        const more = await this.#dataSource.transaction(async (manager) => {
          const schedule = await lockDue(manager, taken);
          if (!schedule) return [];
          taken.push(schedule.id);
          return await this.#answer(manager, schedule, maxFailures);
        });
        ticks.push(...more);
      } catch (error) {
        if (taken.length === count) throw error;
        failures.push(error);
      }
      if (taken.length === count) break;
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} due schedules could not be taken.`);
    return ticks;
  }

  async #answer(
    manager: EntityManager,
    schedule: ScheduleRow & { nextTickAt: Date },
    maxFailures: number,
  ): Promise<Tick[]> {
    const now = await currentTime(manager);
    const { id: scheduleId, databaseId, destinationId } = schedule;
    const { run, dropped, next } = dueTicks(schedule, schedule.nextTickAt, now);
    // Two schedules of one database take turns, so that each sees the other's backup.
    await manager.query('select from holdfast.databases where id = $1 for no key update', [databaseId]);
    const ticks: Tick[] = dropped ? [{ scheduleId, scheduledFor: dropped, backupId: null }] : [];
    let ran = false;
    for (const scheduledFor of run) {
      const skipped = schedule.overlap === 'skip' && (await isOccupied(manager, databaseId));
      const backup = skipped
        ? null
        : await insertBackup(manager, this.#ids, {
            databaseId,
            destinationId,
            method: 'periodic',
            requestId: null,
            maxFailures,
            tick: { scheduleId, scheduledFor },
          });
      ran ||= backup !== null;
      ticks.push({ scheduleId, scheduledFor, backupId: backup?.id ?? null });
    }
    const due = dueAt(schedule, next);
    await manager.update(scheduleEntity, { id: scheduleId }, ran ? { ...due, lastRunAt: now } : due);
    return ticks;
  }
}

/** Locks the schedule that has been due for longest, if it is not one of `except` and nobody else has it. */
async function lockDue(
  manager: EntityManager,
  except: readonly string[],
): Promise<(ScheduleRow & { nextTickAt: Date }) | null> {
  const row = await manager
    .createQueryBuilder(scheduleEntity, 's')
    .addSelect('s.nextTickAt')
    .where('s.enabled and s.next_run_at <= now() and s.id <> all(:except)', { except })
    .orderBy('s.nextRunAt')
    .addOrderBy('s.id')
    .limit(1)
    .setLock('pessimistic_write')
    .setOnLocked('skip_locked')
    .getOne();
  return row?.nextTickAt ? { ...row, nextTickAt: row.nextTickAt } : null;
}

async function isOccupied(manager: EntityManager, databaseId: string): Promise<boolean> {
  const rows = await manager.query<{ occupied: boolean }[]>(
    `select exists (
      select from holdfast.backups where database_id = $1 and status in ('scheduled', 'pending')
    ) as occupied`,
    [databaseId],
  );
  return only(rows).occupied;
}

async function currentTime(manager: EntityManager): Promise<Date> {
  return only(await manager.query<{ now: Date }[]>('select clock_timestamp() as now')).now;
}

function firstDue(schedule: Timing, now: Date): Pick<ScheduleRow, 'nextTickAt' | 'nextRunAt'> {
  return dueAt(schedule, schedule.enabled ? nextTick(schedule, now) : null);
}

function dueAt(schedule: Timing, tick: Date | null): Pick<ScheduleRow, 'nextTickAt' | 'nextRunAt'> {
  return { nextTickAt: tick, nextRunAt: tick && new Date(tick.getTime() + jitterMs(schedule)) };
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
