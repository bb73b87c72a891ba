import type { EntityManager } from 'typeorm';
import type { Verification } from '@holdfast/shared/domain';
import { verificationEntity } from './entities/verifications.ts';
import type { NewVerification } from './repositories/index.ts';

interface Source {
  accountId: number;
  databaseId: string;
  isDone: boolean;
  now: Date;
}

/**
 * Inserts a verification as `scheduled`, due at once.
 * @returns `busy` while another one of the backup waits or runs, or when there is one of that id; `not_done`; null when an id is unknown
 */
export async function insertVerification(
  manager: EntityManager,
  wanted: NewVerification & { id: string },
): Promise<Verification | 'busy' | 'not_done' | null> {
  const { id, backupId, level, cause, requestId, maxFailures } = wanted;
  // Locked against a deletion of the backup, or of the database with the scratch server, at the same moment.
  const [source] = await manager.query<Source[]>(
    `select b.account_id as "accountId", d.id as "databaseId", b.status = 'done' as "isDone", clock_timestamp() as now
     from holdfast.backups b join holdfast.databases d on d.account_id = b.account_id and d.id = coalesce($2, b.database_id)
     where b.id = $1 and b.deletion_requested_at is null for key share`,
    [backupId, wanted.scratchDatabaseId],
  );
  if (!source) return null;
  if (!source.isDone) return 'not_done';
  const verification: Verification = {
    id,
    accountId: source.accountId,
    backupId,
    databaseId: source.databaseId,
    cause,
    level,
    reached: null,
    findings: [],
    requestId,
    createdAt: source.now,
    startedAt: null,
    completedAt: null,
    progressBytes: 0,
    estimatedBytes: null,
    status: 'scheduled',
    attempt: 0,
    failures: 0,
    maxFailures,
    runAfter: source.now,
    leaseOwner: null,
    leaseUntil: null,
    serverId: null,
    silenceSeconds: null,
    cancelRequestedAt: null,
    error: null,
  };
  const insert = manager.createQueryBuilder().insert().into(verificationEntity).values(verification);
  const { raw } = await insert.orIgnore().returning('id').updateEntity(false).execute();
  return Array.isArray(raw) && raw.length > 0 ? verification : 'busy';
}
