import type { DataSource, EntityManager } from 'typeorm';
import {
  CronTimes,
  HoldfastError,
  type Ids,
  type PolicyMember,
  type Secret,
  type ServerPolicy,
} from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { violatedConstraint } from './constraints.ts';
import { currentTime } from './current-time.ts';
import { requireNotRemoved } from './deletion.ts';
import { policyEntity, type PolicyRow } from './entities/policies.ts';
import { isName, isUuid } from './keys.ts';
import { newRun } from './new-run.ts';
import { pick } from './pick.ts';
import { follow, followInSchedules, lockMembers, release, selectMembers } from './policy-members.ts';
import type { NewPolicy, PolicyChange, PolicyRepository, TakenTime } from './repositories/index.ts';
import { requireScratch } from './schedules.ts';
import { openPolicy } from './sealed-policy.ts';
import { policyPasswordContext } from './sealed.ts';
import { jitterMs } from './ticks.ts';

/** What a change of a policy sets, beside the password. */
const changeable = [
  'name',
  'host',
  'port',
  'user',
  'database',
  'options',
  'destinationId',
  'include',
  'exclude',
  'globals',
  'cron',
  'timezone',
  'jitterSeconds',
  'retention',
  'verification',
  'objectives',
  'enabled',
] as const satisfies readonly (keyof NewPolicy)[];
const fields = ['type', ...changeable] as const;

/** What decides when a policy comes due. */
const timing = ['cron', 'timezone', 'enabled', 'jitterSeconds'] as const;

const newestFirst = { createdAt: 'DESC', id: 'DESC' } as const;

export class Policies implements PolicyRepository {
  readonly #dataSource: DataSource;
  readonly #box: SecretBox;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, box: SecretBox, ids: Ids) {
    this.#dataSource = dataSource;
    this.#box = box;
    this.#ids = ids;
  }

  async create(accountId: number, policy: NewPolicy): Promise<ServerPolicy | 'name_taken'> {
    const id = this.#ids.uuid();
    const made = await this.#unlessRefused(async (manager) => {
      const now = await currentTime(manager);
      const nextRunAt = nextRun({ ...policy, id }, now);
      const password = this.#seal(id, policy.password);
      await manager.insert(policyEntity, { ...pick(policy, fields), id, accountId, password, nextRunAt });
      await this.#requireUsable(manager, accountId, policy);
      return await manager.findOneByOrFail(policyEntity, { id });
    });
    return made === 'name_taken' ? made : this.#open(made);
  }

  async find(id: string): Promise<ServerPolicy | null> {
    return isUuid(id) ? this.#openFound(await this.#dataSource.manager.findOneBy(policyEntity, { id })) : null;
  }

  async findOwned(accountId: number, idOrName: string): Promise<ServerPolicy | null> {
    const { manager } = this.#dataSource;
    if (!isName(idOrName)) return null;
    const row = isUuid(idOrName) ? await manager.findOneBy(policyEntity, { accountId, id: idOrName }) : null;
    return this.#openFound(row ?? (await manager.findOneBy(policyEntity, { accountId, name: idOrName })));
  }

  async list(accountId: number): Promise<ServerPolicy[]> {
    const rows = await this.#dataSource.manager.find(policyEntity, { where: { accountId }, order: newestFirst });
    return rows.map((row) => this.#open(row));
  }

  async update(accountId: number, id: string, change: PolicyChange): Promise<ServerPolicy | 'name_taken' | null> {
    if (!isUuid(id)) return null;
    const made = await this.#unlessRefused(async (manager) => {
      const old = await this.#locked(manager, accountId, id);
      if (!old) return null;
      const { password, ...others } = change;
      const sealed = password === undefined ? {} : { password: this.#seal(old.id, password) };
      const wanted = pick(others, changeable);
      const changed: ServerPolicy = { ...old, ...wanted, ...(password === undefined ? {} : { password }) };
      const isTimed = timing.some((field) => changed[field] !== old[field]);
      const next = isTimed ? { nextRunAt: nextRun(changed, await currentTime(manager)) } : {};
      await manager.update(policyEntity, { id: old.id }, { ...wanted, ...sealed, ...next, updatedAt: () => 'now()' });
      await this.#requireUsable(manager, accountId, changed);
      await this.#tellMembers(manager, changed);
      return await manager.findOneByOrFail(policyEntity, { id: old.id });
    });
    if (made === 'name_taken') return made;
    return this.#openFound(made);
  }

  async delete(accountId: number, id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    return await this.#dataSource.transaction(async (manager) => {
      const policy = await this.#locked(manager, accountId, id);
      if (!policy) return false;
      await lockMembers(manager, policy.id);
      const members = await membersOf(manager, policy.id);
      await release(
        manager,
        policy.id,
        members.map((member) => member.id),
      );
      await manager.delete(policyEntity, { id: policy.id });
      return true;
    });
  }

  async members(policyId: string): Promise<PolicyMember[]> {
    return isUuid(policyId) ? await membersOf(this.#dataSource.manager, policyId) : [];
  }

  async answerVanished(policyId: string, databaseId: string, expected: boolean): Promise<PolicyMember | null> {
    if (!isUuid(policyId) || !isUuid(databaseId)) return null;
    const [answered] = await this.#dataSource.query<PolicyMember[]>(
      `with answered as (
        update holdfast.databases set vanish_expected = $3
        where policy_id = $1 and id = $2 and vanished_at is not null
        returning *
      ) ${selectMembers.replace('holdfast.databases', 'answered')}`,
      [policyId, databaseId, expected],
    );
    return answered ?? null;
  }

  async takeDue(limit: number, maxFailures: number): Promise<TakenTime[]> {
    const due = await this.#dataSource.query<{ id: string }[]>(
      `select id from holdfast.policies where enabled and next_run_at <= now() order by next_run_at, id limit $1`,
      [limit],
    );
    const taken: TakenTime[] = [];
    const failures: unknown[] = [];
    for (const { id } of due) {
      try {
        const one = await this.#dataSource.transaction((manager) => this.#take(manager, id, maxFailures));
        if (one) taken.push(one);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `The times of ${failures.length} policies failed.`);
    return taken;
  }

  /** Makes one run for all times that have passed, unless the run before is still to look: it sees the same. */
  async #take(manager: EntityManager, id: string, maxFailures: number): Promise<TakenTime | null> {
    const lock = { mode: 'for_no_key_update', onLocked: 'skip_locked' } as const;
    const policy = await manager.findOne(policyEntity, { where: { id, enabled: true }, lock });
    const now = await currentTime(manager);
    if (!policy?.nextRunAt || policy.nextRunAt > now) return null;
    const jitter = jitterMs(policy);
    const first = new Date(policy.nextRunAt.getTime() - jitter);
    const until = new Date(now.getTime() - jitter);
    const times = new CronTimes(policy);
    const [newest = first] = times.newest(1, first, until);
    const missed = newest > first ? times.count(first, newest) : 0;
    const run = {
      id: this.#ids.uuid(),
      policyId: id,
      accountId: policy.accountId,
      scheduledFor: newest,
      requestId: null,
      maxFailures,
    };
    const made = await newRun(manager, run);
    await manager.update(policyEntity, { id }, { nextRunAt: nextRun(policy, now), lastRunAt: now });
    return { policyId: id, scheduledFor: newest, runId: made?.id ?? null, missed };
  }

  async #locked(manager: EntityManager, accountId: number, id: string): Promise<ServerPolicy | null> {
    return this.#openFound(
      await manager.findOne(policyEntity, { where: { accountId, id }, lock: { mode: 'pessimistic_write' } }),
    );
  }

  async #tellMembers(manager: EntityManager, policy: ServerPolicy): Promise<void> {
    await lockMembers(manager, policy.id);
    await followInSchedules(manager, policy);
    for (const member of await membersOf(manager, policy.id)) await follow(manager, this.#box, policy, member.id);
  }

  async #requireUsable(
    manager: EntityManager,
    accountId: number,
    { destinationId, verification }: Pick<ServerPolicy, 'destinationId' | 'verification'>,
  ): Promise<void> {
    await requireNotRemoved(manager, destinationId);
    await requireScratch(manager, accountId, verification);
  }

  async #unlessRefused<T>(write: (manager: EntityManager) => Promise<T>): Promise<T | 'name_taken'> {
    try {
      return await this.#dataSource.transaction(write);
    } catch (error) {
      const constraint = violatedConstraint(error);
      if (constraint === 'policies_account_id_name_key') return 'name_taken';
      if (constraint === 'policies_destination_fkey') {
        throw new HoldfastError('configuration', 'The destination does not exist in this account.', { cause: error });
      }
      throw error;
    }
  }

  /** @param id as the row has it: in lower case */
  #seal(id: string, password: Secret | null): string | null {
    return password && this.#box.seal(password, policyPasswordContext(id));
  }

  #openFound(row: PolicyRow | null): ServerPolicy | null {
    return row ? this.#open(row) : null;
  }

  #open(row: PolicyRow): ServerPolicy {
    return openPolicy(this.#box, row);
  }
}

const membersOf = (manager: EntityManager, policyId: string): Promise<PolicyMember[]> =>
  manager.query<PolicyMember[]>(`${selectMembers} where policy_id = $1 order by database`, [policyId]);

/** When a policy comes due after `now`; null where it is switched off or never does. */
function nextRun(
  policy: Pick<ServerPolicy, 'id' | 'cron' | 'timezone' | 'jitterSeconds' | 'enabled'>,
  now: Date,
): Date | null {
  if (!policy.enabled) return null;
  const jitter = jitterMs(policy);
  const next = new CronTimes(policy).next(new Date(now.getTime() - jitter));
  return next && new Date(next.getTime() + jitter);
}
