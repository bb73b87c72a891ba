import type { DataSource, EntityManager } from 'typeorm';
import { restoreTargetKey, type Ids, type Restore } from '@holdfast/shared/domain';
import { restoreAttemptEntity, restoreEntity } from './entities/restores.ts';
import { isRowNumber, isUuid } from './keys.ts';
import type { NewRestore, RestoreRepository } from './repositories/index.ts';
import { WorkTable, type WorkKind } from './work.ts';

const kind: WorkKind<Restore> = {
  table: 'holdfast.restores',
  entity: restoreEntity,
  // `create` lets only one wait or run for each target.
  mayBegin: 'true',
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
  further: '',
};

export class Restores extends WorkTable<Restore> implements RestoreRepository {
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids) {
    super(dataSource, kind);
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

  async settle(id: string, attempt: number, outcome: string): Promise<boolean> {
    // All of it was handed over, whatever the last heartbeat knew.
    const set = 'outcome = $3, progress_bytes = coalesce(w.estimated_bytes, w.progress_bytes)';
    return await this.settleAs(this.dataSource.manager, id, attempt, { set, parameters: [outcome] });
  }
}
