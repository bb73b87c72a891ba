import { EntitySchema } from 'typeorm';
import type { Restore, RestoreAttempt } from '@holdfast/shared/domain';
import { flag, hidden, instant, integer, json, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted, withinAccount } from './foreign-keys.ts';
import { attemptChecks, attemptColumns, workChecks, workColumns, workIndices, workServer } from './work.ts';

export const restoreEntity = new EntitySchema<Restore & { rungAt: Date | null; targetKey: string }>({
  name: 'Restore',
  tableName: 'restores',
  columns: {
    id: uuidKey,
    accountId: integer,
    backupId: uuid,
    databaseId: uuid,
    target: json,
    /** `restoreTargetKey` of the domain: one waiting or running restore for each. */
    targetKey: hidden(text),
    ownership: text,
    fileIds: optional({ ...uuid, array: true }),
    groupId: optional(uuid),
    afterRestoreId: optional(uuid),
    selection: optional(json),
    allowDamaged: flag,
    keepHours: integer,
    former: optional(text),
    formerUntil: optional(instant),
    compute: optional(text),
    outcome: optional(text),
    ...workColumns,
  },
  checks: [
    ...workChecks('restores'),
    { name: 'restores_ownership_check', expression: `ownership in ('keep', 'skip')` },
    { name: 'restores_keep_hours_check', expression: 'keep_hours >= 0' },
    { name: 'restores_former_check', expression: '(former is null) = (former_until is null)' },
    { name: 'restores_compute_check', expression: `compute in ('server', 'ss_agent')` },
  ],
  indices: [
    ...workIndices('restores'),
    {
      name: 'restores_order_idx',
      columns: ['accountId', 'createdAt'],
      where: `status = 'scheduled' and server_id is null`,
    },
    { name: 'restores_target_key', columns: ['targetKey'], unique: true, where: `status in ('scheduled', 'pending')` },
    { name: 'restores_completed_at_idx', columns: ['completedAt'], where: 'completed_at is not null' },
    { name: 'restores_former_idx', columns: ['formerUntil'], where: 'former is not null' },
    { name: 'restores_group_id_idx', columns: ['groupId'], where: 'group_id is not null' },
    {
      name: 'restores_after_restore_id_idx',
      columns: ['afterRestoreId'],
      where: 'after_restore_id is not null',
    },
    { name: 'restores_backup_id_idx', columns: ['backupId'] },
    { name: 'restores_database_id_idx', columns: ['databaseId'] },
  ],
  foreignKeys: [
    restricted('restores_account_fkey', 'Account', ['accountId']),
    withinAccount('restores_backup_fkey', 'Backup', 'backupId'),
    withinAccount('restores_database_fkey', 'Database', 'databaseId'),
    { ...restricted('restores_after_fkey', 'Restore', ['afterRestoreId']), onDelete: 'SET NULL' },
    workServer('restores'),
  ],
});

export const restoreAttemptEntity = new EntitySchema<RestoreAttempt & { rungAt: Date | null }>({
  name: 'RestoreAttempt',
  tableName: 'restore_attempts',
  columns: {
    restoreId: uuidKey,
    ...attemptColumns,
  },
  checks: [
    ...attemptChecks('restore_attempts'),
    {
      name: 'restore_attempts_settled_check',
      expression: 'not settled or (ended_at is not null and error is null)',
    },
  ],
  indices: [
    { name: 'restore_attempts_sweep_idx', columns: ['endedAt'], where: 'swept_at is null' },
    { name: 'restore_attempts_settled_key', columns: ['restoreId'], unique: true, where: 'settled' },
  ],
  foreignKeys: [restricted('restore_attempts_restore_fkey', 'Restore', ['restoreId'])],
});
