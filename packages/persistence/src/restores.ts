import type { DataSource } from 'typeorm';
import { restoreTargetKey, type Ids, type Restore } from '@holdfast/shared/domain';
import { restoreEntity } from './entities/restores.ts';
import { isUuid } from './keys.ts';
import type { NewRestore, RestoreRepository } from './repositories.ts';
import { WorkTable, type WorkKind } from './work.ts';

const kind: WorkKind<Restore> = {
  table: 'holdfast.restores',
  entity: restoreEntity,
  // `create` lets only one wait or run for each target.
  mayBegin: 'true',
  runningKey: null,
  began: () => Promise.resolve(),
  endAttempts: () => '',
};

export class Restores extends WorkTable<Restore> implements RestoreRepository {
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids) {
    super(dataSource, kind);
    this.#ids = ids;
  }

  async create(wanted: NewRestore): Promise<Restore | 'busy' | null> {
    if (!isUuid(wanted.backupId) || !isUuid(wanted.databaseId)) return null;
    const [source] = await this.dataSource.query<{ accountId: number; now: Date }[]>(
      `select b.account_id as "accountId", clock_timestamp() as now
       from holdfast.backups b join holdfast.databases d on d.account_id = b.account_id
       where b.id = $1 and d.id = $2`,
      [wanted.backupId, wanted.databaseId],
    );
    if (!source) return null;
    const restore: Restore = {
      ...wanted,
      id: this.#ids.uuid(),
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
      runAfter: source.now,
      leaseOwner: null,
      leaseUntil: null,
      cancelRequestedAt: null,
      error: null,
    };
    const targetKey = restoreTargetKey(wanted.databaseId, wanted.target);
    const insert = this.dataSource.manager.createQueryBuilder().insert().into(restoreEntity);
    const { raw } = await insert
      .values({ ...restore, targetKey })
      .orIgnore()
      .returning('id')
      .updateEntity(false)
      .execute();
    return Array.isArray(raw) && raw.length > 0 ? restore : 'busy';
  }

  async findOwned(accountId: number, id: string): Promise<Restore | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.manager.findOneBy(restoreEntity, { accountId, id });
  }

  async settle(id: string, attempt: number, outcome: string): Promise<boolean> {
    // All of it was handed over, whatever the last heartbeat knew.
    const set = 'outcome = $3, progress_bytes = coalesce(w.estimated_bytes, w.progress_bytes)';
    return await this.settleAs(this.dataSource.manager, id, attempt, { set, parameters: [outcome] });
  }
}
