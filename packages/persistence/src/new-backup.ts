import type { EntityManager } from 'typeorm';
import { backupName, type Backup, type BackupMethod, type EngineType, type Ids } from '@holdfast/shared/domain';
import { violatedConstraint } from './constraints.ts';
import { backupEntity } from './entities/backups.ts';

export interface BackupRequest {
  id?: string | undefined;
  databaseId: string;
  /** Null: the database's own destination. */
  destinationId: number | null;
  method: BackupMethod;
  requestId: string | null;
  maxFailures: number;
  /** The schedule and its tick, when that is what asks. */
  tick: { scheduleId: string; scheduledFor: Date } | null;
  /** The run of a policy that asks, and whether this one holds the server's globals. */
  run?: { id: string; withGlobals: boolean | null };
}

interface Source {
  accountId: number;
  name: string;
  engine: EngineType;
  destinationId: number;
  serverId: number | null;
  now: Date;
}

/**
 * Inserts a backup as `scheduled`, due at once; one of the same id is what an earlier try made.
 * @returns null when the database is unknown, the destination is not its account's, or the tick has its backup already
 */
export async function insertBackup(manager: EntityManager, ids: Ids, request: BackupRequest): Promise<Backup | null> {
  const [source] = await manager.query<Source[]>(
    `select account_id as "accountId", name, type as engine, coalesce($2, destination_id) as "destinationId",
       server_id as "serverId", clock_timestamp() as now
     from holdfast.databases where id = $1`,
    [request.databaseId, request.destinationId],
  );
  if (!source) return null;
  const backup: Backup = {
    id: request.id ?? ids.uuid(),
    accountId: source.accountId,
    databaseId: request.databaseId,
    destinationId: source.destinationId,
    scheduleId: request.tick?.scheduleId ?? null,
    scheduledFor: request.tick?.scheduledFor ?? null,
    runId: request.run?.id ?? null,
    withGlobals: request.run?.withGlobals ?? null,
    method: request.method,
    engine: source.engine,
    name: backupName(source.name, source.now),
    requestId: request.requestId,
    createdAt: source.now,
    startedAt: null,
    completedAt: null,
    progressBytes: 0,
    estimatedBytes: null,
    size: null,
    manifestKey: null,
    manifestSha256: null,
    recipients: null,
    warnings: [],
    part: null,
    importedAt: null,
    objectLockedUntil: null,
    damagedAt: null,
    damage: null,
    expiresAt: null,
    verifiedLevel: null,
    verifiedAt: null,
    lockedAt: null,
    deletionRequestedAt: null,
    deletionReason: null,
    deletionDueAt: null,
    status: 'scheduled',
    attempt: 0,
    failures: 0,
    // What a remote server reports is final: it has tried again by itself.
    maxFailures: source.serverId === null ? request.maxFailures : 1,
    runAfter: source.now,
    leaseOwner: null,
    leaseUntil: null,
    serverId: source.serverId,
    silenceSeconds: null,
    cancelRequestedAt: null,
    error: null,
  };
  try {
    const insert = manager.createQueryBuilder().insert().into(backupEntity).values(backup);
    const { raw } = await insert.orIgnore().returning('id').updateEntity(false).execute();
    if (Array.isArray(raw) && raw.length > 0) return backup;
    return request.id === undefined ? null : await manager.findOneBy(backupEntity, { id: request.id });
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === 'backups_destination_fkey' || constraint === 'backups_database_fkey') return null;
    throw error;
  }
}
