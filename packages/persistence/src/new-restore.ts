import type { EntityManager } from 'typeorm';
import { restoreTargetKey, type Ids, type Restore } from '@holdfast/shared/domain';
import { currentTime } from './current-time.ts';
import { restoreEntity } from './entities/restores.ts';
import type { NewRestore } from './repositories/index.ts';

/** Inserts a restore as `scheduled`, due at once, or finds the one of its id. @returns `busy` while another one onto the same target waits or runs */
export async function insertRestore(
  manager: EntityManager,
  ids: Ids,
  wanted: Omit<NewRestore, 'target'> & Pick<Restore, 'target' | 'accountId'>,
): Promise<Restore | 'busy'> {
  const now = await currentTime(manager);
  const serverId = wanted.serverId ?? null;
  const restore: Restore = {
    id: wanted.id ?? ids.uuid(),
    accountId: wanted.accountId,
    backupId: wanted.backupId,
    databaseId: wanted.databaseId,
    target: wanted.target,
    ownership: wanted.ownership,
    fileIds: wanted.fileIds,
    groupId: wanted.groupId ?? null,
    afterRestoreId: wanted.afterRestoreId ?? null,
    selection: wanted.selection ?? null,
    allowDamaged: wanted.allowDamaged ?? false,
    keepHours: wanted.keepHours ?? 0,
    former: null,
    formerUntil: null,
    compute: wanted.compute ?? null,
    requestId: wanted.requestId,
    createdAt: now,
    startedAt: null,
    completedAt: null,
    progressBytes: 0,
    estimatedBytes: null,
    outcome: null,
    status: 'scheduled',
    attempt: 0,
    failures: 0,
    // What a remote server reports is final: it has tried again by itself.
    maxFailures: serverId === null ? wanted.maxFailures : 1,
    runAfter: now,
    leaseOwner: null,
    leaseUntil: null,
    serverId,
    silenceSeconds: null,
    cancelRequestedAt: null,
    error: null,
  };
  const targetKey = restoreTargetKey(restore.databaseId, restore.target);
  const insert = manager.createQueryBuilder().insert().into(restoreEntity);
  const { raw } = await insert
    .values({ ...restore, targetKey })
    .orIgnore()
    .returning('id')
    .updateEntity(false)
    .execute();
  if (Array.isArray(raw) && raw.length > 0) return restore;
  const made = wanted.id === undefined ? null : await manager.findOneBy(restoreEntity, { id: wanted.id });
  return made ?? 'busy';
}
