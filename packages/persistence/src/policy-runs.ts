import type { DataSource, EntityManager } from 'typeorm';
import {
  HoldfastError,
  remoteCancelSeconds,
  type Backup,
  type Ids,
  type PolicyRun,
  type Restore,
  type RunCounts,
  type ServerPolicy,
  type WorkStatus,
} from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { endSlots } from './end-slots.ts';
import { backupEntity } from './entities/backups.ts';
import { policyEntity, policyRunAttemptEntity, policyRunEntity } from './entities/policies.ts';
import { restoreEntity } from './entities/restores.ts';
import { newAttempt } from './entities/work.ts';
import { isUuid } from './keys.ts';
import { noLimits } from './limits.ts';
import { newRun } from './new-run.ts';
import { only } from './only.ts';
import { cover } from './policy-cover.ts';
import type { Listing, NewRun, PolicyRunRepository, RunRestore, Settled } from './repositories/index.ts';
import { GroupRefused, restoreTogether } from './run-restore.ts';
import { openPolicy } from './sealed-policy.ts';
import { cancelling, WorkTable, type WorkKind } from './work.ts';

const kind: WorkKind<PolicyRun> = {
  table: 'holdfast.policy_runs',
  entity: policyRunEntity,
  destination: null,
  yieldsTo: [],
  free: 'true',
  // Each policy has only one that waits or runs.
  first: 'true',
  classes: ['true'],
  place: (row) => `${row}.created_at`,
  turnAt: 'runs_turn_at',
  oneOf: 'w.id',
  runningKey: null,
  began: async (manager, run) => {
    await manager.insert(policyRunAttemptEntity, { runId: run.id, ...newAttempt(run) });
  },
  attempts: { table: 'holdfast.policy_run_attempts', of: 'run_id' },
  engine: '(select p.type from holdfast.policies p where p.id = w.policy_id)',
  further: '',
};

const historyDays = 400;

export class PolicyRuns extends WorkTable<PolicyRun> implements PolicyRunRepository {
  readonly #box: SecretBox;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, box: SecretBox, ids: Ids) {
    super(dataSource, kind, noLimits);
    this.#box = box;
    this.#ids = ids;
  }

  async create(wanted: NewRun): Promise<PolicyRun | 'busy' | null> {
    const { policyId } = wanted;
    if (!isUuid(policyId)) return null;
    return await this.dataSource.transaction(async (manager) => {
      const [policy] = await manager.query<{ accountId: number }[]>(
        `select account_id as "accountId" from holdfast.policies where id = $1 for key share`,
        [policyId],
      );
      if (!policy) return null;
      const made = await newRun(manager, {
        ...wanted,
        ...policy,
        id: wanted.id ?? this.#ids.uuid(),
        scheduledFor: null,
      });
      return made ?? (wanted.id === undefined ? null : await this.read(manager, wanted.id)) ?? 'busy';
    });
  }

  async findOwned(accountId: number, policyId: string, id: string): Promise<PolicyRun | null> {
    if (!isUuid(policyId) || !isUuid(id)) return null;
    return await this.dataSource.manager.findOneBy(policyRunEntity, { accountId, policyId, id });
  }

  async listOfPolicy(
    policyId: string,
    { limit, before }: { limit: number; before: Date | null },
  ): Promise<PolicyRun[]> {
    if (!isUuid(policyId)) return [];
    const query = this.dataSource.manager
      .createQueryBuilder(policyRunEntity, 'r')
      .where('r.policy_id = :policyId', { policyId });
    if (before) query.andWhere('r.created_at < :before', { before });
    return await query.orderBy('r.createdAt', 'DESC').addOrderBy('r.id', 'DESC').limit(limit).getMany();
  }

  async counts(ids: readonly string[]): Promise<Map<string, RunCounts>> {
    const rows = await this.dataSource.query<{ runId: string; status: WorkStatus; count: number }[]>(
      `select run_id as "runId", status, count(*)::integer as count from holdfast.backups
       where run_id = any ($1::uuid[]) group by run_id, status`,
      [ids.filter(isUuid)],
    );
    const counts = new Map<string, RunCounts>();
    for (const { runId, status, count } of rows) {
      counts.set(runId, { ...(counts.get(runId) ?? { scheduled: 0, pending: 0, done: 0, error: 0 }), [status]: count });
    }
    return counts;
  }

  async backupsOf(runId: string): Promise<Backup[]> {
    if (!isUuid(runId)) return [];
    return await this.dataSource.manager
      .createQueryBuilder(backupEntity, 'b')
      .innerJoin('Database', 'd', 'd.id = b.database_id')
      .where('b.run_id = :runId and b.deletion_requested_at is null', { runId })
      .orderBy('d.database')
      .addOrderBy('b.id')
      .getMany();
  }

  async settle(id: string, attempt: number, listing: Listing): Promise<Settled> {
    const settled = await this.dataSource
      .transaction((manager) => this.#settle(manager, id, attempt, listing))
      .catch((error: unknown): Settled => {
        if (error instanceof HoldfastError && error.code === 'lease_lost') return 'stale';
        throw error;
      });
    // Nobody failed: the next attempt looks at the server that the policy leads to now. What was cancelled meanwhile ends.
    if (settled !== 'settled') await this.handBack(id, attempt);
    return settled;
  }

  async #settle(manager: EntityManager, id: string, attempt: number, listing: Listing): Promise<Settled> {
    const run = await this.read(manager, id);
    if (run?.status !== 'pending' || run.attempt !== attempt) return 'stale';
    const row = await manager.findOne(policyEntity, {
      where: { id: run.policyId },
      lock: { mode: 'for_no_key_update' },
    });
    if (!row) return 'stale';
    const policy = openPolicy(this.#box, row);
    if (!isSameServer(policy, listing.server)) return 'changed';
    const findings = await cover(
      manager,
      { box: this.#box, ids: this.#ids },
      { run, policy, listed: listing.databases.map(({ name }) => name), maxFailures: listing.maxFailures },
    );
    // At the end, so that heartbeats are not held up: what was made goes where the lease was lost meanwhile.
    const isSettled = await this.settleAs(manager, id, attempt, {
      set: 'findings = $3',
      // A run that was cancelled makes no backup; from then on its cancellation finds them all.
      where: `w.status = 'pending' and w.cancel_requested_at is null`,
      parameters: [JSON.stringify(findings)],
    });
    if (!isSettled) throw new HoldfastError('lease_lost');
    return 'settled';
  }

  async cancel(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    return (await this.requestCancel(id)) !== null || (await this.#cancelBackups(id));
  }

  /** Of a run that has listed its server, and makes no more of them. */
  async #cancelBackups(id: string): Promise<boolean> {
    const open = `run_id = $1 and status in ('scheduled', 'pending')`;
    return await this.dataSource.transaction(async (manager) => {
      const runs = await manager.query<unknown[]>(
        `with run as (
          update holdfast.policy_runs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
          where id = $1 and status = 'done' and exists (select from holdfast.backups where ${open})
          returning id
        ) select id from run`,
        [id],
      );
      if (runs.length === 0) return false;
      // An array, as a subquery that takes locks has to run once alone; in the order in which everybody takes them.
      await manager.query(
        `with changed as (
          update holdfast.backups w set ${cancelling('$2')}
          where w.id = any (array(select id from holdfast.backups where ${open} order by id for no key update))
          returning w.id, w.status
        ) ${endSlots} select id from changed`,
        [id, remoteCancelSeconds],
      );
      return true;
    });
  }

  async restore(wanted: RunRestore): Promise<Restore[] | { busy: string } | { gone: string } | null> {
    const registry = { box: this.#box, ids: this.#ids };
    try {
      return await this.dataSource.transaction((manager) => restoreTogether(manager, registry, wanted));
    } catch (error) {
      if (error instanceof GroupRefused) return error.why;
      throw error;
    }
  }

  async restoresOf(runId: string): Promise<Restore[]> {
    if (!isUuid(runId)) return [];
    return await this.dataSource.manager
      .createQueryBuilder(restoreEntity, 'w')
      .innerJoin('Backup', 'b', 'b.id = w.backup_id')
      .where('b.run_id = :runId and w.group_id is not null', { runId })
      .orderBy('w.createdAt', 'DESC')
      .addOrderBy('w.id', 'DESC')
      .getMany();
  }

  async forgetOld(limit: number): Promise<number> {
    const rows = await this.dataSource.query<{ count: number }[]>(
      `with old as (
        select id from holdfast.policy_runs r
        where r.completed_at < now() - make_interval(days => $2)
          and not exists (select from holdfast.backups b where b.run_id = r.id)
        order by r.completed_at limit $1 for update skip locked
      ), removed as (
        delete from holdfast.policy_runs r using old where r.id = old.id returning 1
      ) select count(*)::integer as count from removed`,
      [limit, historyDays],
    );
    return only(rows).count;
  }
}

const isSameServer = (policy: ServerPolicy, { type, host, port, user }: Listing['server']): boolean =>
  policy.type === type && policy.host === host && policy.port === port && policy.user === user;
