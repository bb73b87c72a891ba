import {
  connectionOf,
  Secret,
  type Backup,
  type Clock,
  type Connection,
  type ContentTarget,
  type Database,
  type Ids,
  type Restore,
} from '@holdfast/shared/domain';

const at = new Date('2026-03-04T05:06:07.000Z');

/** A clock that stands still. */
export const fixedClock: Clock = { now: () => at };

/** Identifiers that count up. */
export function countingIds(): Ids {
  let next = 0;
  return {
    uuid: () => {
      next += 1;
      return `00000000-0000-7000-8000-${String(next).padStart(12, '0')}`;
    },
    random: () => 0.5,
  };
}

export const databaseId = '018f0000-0000-7000-8000-00000000000d';
export const backupId = '018f0000-0000-7000-8000-00000000000b';
export const restoreId = '018f0000-0000-7000-8000-00000000000e';

export function databaseRow(change: Partial<Database> = {}): Database {
  return {
    id: databaseId,
    accountId: 1,
    name: 'shop',
    type: 'postgresql',
    serverId: null,
    host: '127.0.0.1',
    port: 5432,
    user: 'app',
    password: new Secret('hunter2'),
    database: 'shop',
    hooks: null,
    objectives: null,
    options: {},
    destinationId: 1,
    policyId: null,
    vanishedAt: null,
    vanishExpected: null,
    createdAt: at,
    updatedAt: at,
    ...change,
  };
}

/** How that database is reached. */
export const connectionRow = (): Connection => connectionOf(databaseRow());

const pendingWork = {
  status: 'pending',
  attempt: 1,
  failures: 0,
  maxFailures: 3,
  runAfter: at,
  leaseOwner: 'worker',
  leaseUntil: at,
  serverId: null,
  silenceSeconds: null,
  cancelRequestedAt: null,
  error: null,
  accountId: 1,
  databaseId,
  requestId: null,
  createdAt: at,
  startedAt: at,
  completedAt: null,
  progressBytes: 0,
  estimatedBytes: null,
} as const;

export function backupRow(change: Partial<Backup> = {}): Backup {
  return {
    ...pendingWork,
    id: backupId,
    destinationId: 1,
    scheduleId: null,
    scheduledFor: null,
    runId: null,
    withGlobals: null,
    method: 'manual',
    engine: 'postgresql',
    name: '20260304050607_shop',
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
    ...change,
  };
}

/** A restore that brings content. */
type RestoreRow = Omit<Restore, 'target'> & { target: ContentTarget };

export function restoreRow(change: Partial<RestoreRow> = {}): RestoreRow {
  return {
    ...pendingWork,
    id: restoreId,
    backupId,
    target: { mode: 'in_place' },
    ownership: 'keep',
    fileIds: null,
    groupId: null,
    afterRestoreId: null,
    selection: null,
    allowDamaged: false,
    keepHours: 0,
    former: null,
    formerUntil: null,
    compute: null,
    outcome: null,
    ...change,
  };
}
