import type { DataSource, EntityManager } from 'typeorm';
import { restoreTargetKey, type Ids, type Limits, type Restore, type RestoreAttempt } from '@holdfast/shared/domain';
import { restoreAttemptEntity, restoreEntity } from './entities/restores.ts';
import { isRowNumber, isUuid } from './keys.ts';
import type { NewRestore, RestoreRepository } from './repositories/index.ts';
import { WorkTable, type WorkKind } from './work.ts';

const kind: WorkKind<Restore> = {
  table: 'holdfast.restores',
  entity: restoreEntity,
  destination: null,
  yieldsTo: null,
  // A dump of a database that is swapped away in its middle would be of neither content.
  free: `(w.target ->> 'mode' <> 'in_place'
    or w.database_id not in (select database_id from holdfast.backups where status = 'pending'))`,
  // `create` lets only one wait or run for each target.
  first: 'true',
  classes: ['true'],
  place: (row) => `${row}.created_at`,
  turnAt: 'restores_turn_at',
  oneOf: 'w.id',
  runningKey: null,
  began: async (manager, restore) => {
    await manager.insert(restoreAttemptEntity, {
      restoreId: restore.id,
      attempt: restore.attempt,
      worker: restore.leaseOwner ?? '',
      startedAt: () => 'clock_timestamp()',
      settled: false,
      bytes: 0,
    });
  },
  attempts: { table: 'holdfast.restore_attempts', of: 'restore_id' },
  // Each attempt begins by removing what those before it left.
  further: `, cleaned as (
    update holdfast.restore_attempts a set swept_at = clock_timestamp() from changed
    where a.restore_id = changed.id and changed.status = 'done' and a.attempt < changed.attempt and a.swept_at is null)`,
};

/** The restores of which something may be beside their targets: parts of failed ones, the former content of those in place. */
const mayHaveLeft = (w: string): string =>
  `${w}.server_id is null and (${w}.status = 'error' or (${w}.status = 'done' and ${w}.target ->> 'mode' = 'in_place'))`;

export class Restores extends WorkTable<Restore> implements RestoreRepository {
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids, limits: Limits) {
    super(dataSource, kind, limits);
    this.#ids = ids;
  }

  async create(wanted: NewRestore): Promise<Restore | 'busy' | null> {
    if (!isUuid(wanted.backupId) || !isUuid(wanted.databaseId)) return null;
    return await this.dataSource.transaction((manager) => this.#create(manager, wanted));
  }

  async #create(manager: EntityManager, wanted: NewRestore): Promise<Restore | 'busy' | null> {
    // Locked against a deletion of the backup at the same moment.
    const [source] = await manager.query<{ accountId: number; now: Date }[]>(
      `select b.account_id as "accountId", clock_timestamp() as now
       from holdfast.backups b join holdfast.databases d on d.account_id = b.account_id
       where b.id = $1 and d.id = $2 and b.deletion_requested_at is null for key share of b`,
      [wanted.backupId, wanted.databaseId],
    );
    if (!source) return null;
    const restore: Restore = {
      ...wanted,
      compute: wanted.compute ?? null,
      serverId: wanted.serverId ?? null,
      id: wanted.id ?? this.#ids.uuid(),
      accountId: source.accountId,
      createdAt: source.now,
      startedAt: null,
      completedAt: null,
      progressBytes: 0,
      estimatedBytes: null,
      outcome: null,
      status: 'scheduled',
      attempt: 0,
      failures: 0,
      // What a remote server reports is final: it has tried again by itself.
      maxFailures: (wanted.serverId ?? null) === null ? wanted.maxFailures : 1,
      runAfter: source.now,
      leaseOwner: null,
      leaseUntil: null,
      silenceSeconds: null,
      cancelRequestedAt: null,
      error: null,
    };
    const targetKey = restoreTargetKey(wanted.databaseId, wanted.target);
    const insert = manager.createQueryBuilder().insert().into(restoreEntity);
    const { raw } = await insert
      .values({ ...restore, targetKey })
      .orIgnore()
      .returning('id')
      .updateEntity(false)
      .execute();
    if (Array.isArray(raw) && raw.length > 0) return restore;
    const made = wanted.id === undefined ? null : await this.read(manager, wanted.id);
    return made ?? 'busy';
  }

  async findOwned(accountId: number, id: string): Promise<Restore | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.manager.findOneBy(restoreEntity, { accountId, id });
  }

  async findRunningOfServer(serverId: number, backupId: string): Promise<Restore | null> {
    if (!isRowNumber(serverId) || !isUuid(backupId)) return null;
    const where = { serverId, backupId, status: 'pending' } as const;
    return await this.dataSource.manager.findOne(restoreEntity, { where, order: { startedAt: 'ASC' } });
  }

  async takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<RestoreAttempt[]> {
    return await this.dataSource.query<RestoreAttempt[]>(
      `with due as (
        select a.restore_id, a.attempt from holdfast.restore_attempts a
        join holdfast.restores w on w.id = a.restore_id and w.attempt = a.attempt
        where a.swept_at is null and a.ended_at <= now() - make_interval(secs => $2)
          and ${mayHaveLeft('w')}
          and (a.rung_at is null or a.rung_at <= now() - greatest(make_interval(secs => $3), (now() - a.ended_at) / 4))
        order by a.ended_at limit $1 for update of a skip locked
      ), rung as (
        update holdfast.restore_attempts a set rung_at = clock_timestamp() from due
        where a.restore_id = due.restore_id and a.attempt = due.attempt
        returning a.restore_id as "restoreId", a.attempt, a.worker, a.started_at as "startedAt", a.ended_at as "endedAt",
          a.settled, a.bytes::double precision as bytes, a.error, a.swept_at as "sweptAt"
      ) select * from rung`,
      [limit, delaySeconds, ringAgainSeconds],
    );
  }

  async markSwept(restoreId: string): Promise<void> {
    await this.dataSource.query(
      `update holdfast.restore_attempts a set swept_at = coalesce(a.swept_at, clock_timestamp())
       from holdfast.restores w where w.id = a.restore_id and w.id = $1 and ${mayHaveLeft('w')} and a.ended_at is not null`,
      [restoreId],
    );
  }

  async settle(id: string, attempt: number, outcome: string, bytes?: number): Promise<boolean> {
    // All of it was handed over, whatever the last heartbeat knew.
    const set = 'outcome = $3, progress_bytes = coalesce($4, w.estimated_bytes, w.progress_bytes)';
    return await this.settleAs(this.dataSource.manager, id, attempt, { set, parameters: [outcome, bytes ?? null] });
  }
}
