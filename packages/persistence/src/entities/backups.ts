import { EntitySchema } from 'typeorm';
import type { Backup, BackupAttempt, BackupFile, PublicError } from '@holdfast/shared/domain';
import { bytes, bytewise, flag, hidden, instant, integer, json, optional, text, uuid, uuidKey } from './columns.ts';
import { levelList } from '../proof.ts';
import { restricted, withinAccount } from './foreign-keys.ts';
import { attemptChecks, attemptColumns, workChecks, workColumns, workIndices, workServer } from './work.ts';

/** What only statements use: the doorbells, and how the removal of the objects goes. */
interface Hidden {
  rungAt: Date | null;
  deletionRequestId: string | null;
  deletionRungAt: Date | null;
  deletionError: PublicError | null;
  deletionBegunAt: Date | null;
  /** How often the removal failed since it began. */
  deletionFailures: number;
  deletedAt: Date | null;
}

interface HiddenOfAttempt {
  rungAt: Date | null;
  /** When the hooks of the attempt began. */
  hooksOpenedAt: Date | null;
  /** Until then somebody runs those after it. */
  hooksHeldUntil: Date | null;
  hooksRungAt: Date | null;
  /** When those after it had run. */
  hooksClosedAt: Date | null;
}

export const backupEntity = new EntitySchema<Backup & Hidden>({
  name: 'Backup',
  tableName: 'backups',
  columns: {
    id: uuidKey,
    accountId: integer,
    databaseId: uuid,
    destinationId: integer,
    scheduleId: optional(uuid),
    scheduledFor: optional(instant),
    runId: optional(uuid),
    withGlobals: optional(flag),
    method: text,
    engine: text,
    name: text,
    size: optional(bytes),
    manifestKey: optional(text),
    manifestSha256: optional(text),
    recipients: optional({ ...text, array: true }),
    warnings: { ...json, default: [] },
    part: optional(json),
    importedAt: optional(instant),
    objectLockedUntil: optional(instant),
    damagedAt: optional(instant),
    damage: optional(json),
    expiresAt: optional(instant),
    verifiedLevel: optional(text),
    verifiedAt: optional(instant),
    lockedAt: optional(instant),
    deletionRequestedAt: optional(instant),
    deletionReason: optional(text),
    deletionDueAt: optional(instant),
    deletionBegunAt: hidden(optional(instant)),
    deletionFailures: hidden({ ...integer, default: 0 }),
    deletionRequestId: hidden(optional(text)),
    deletionRungAt: hidden(optional(instant)),
    deletionError: hidden(optional(json)),
    deletedAt: hidden(optional(instant)),
    ...workColumns,
  },
  uniques: [
    { name: 'backups_account_id_id_key', columns: ['accountId', 'id'] },
    { name: 'backups_schedule_id_scheduled_for_key', columns: ['scheduleId', 'scheduledFor'] },
  ],
  checks: [
    ...workChecks('backups'),
    { name: 'backups_method_check', expression: `method in ('manual', 'periodic')` },
    {
      name: 'backups_result_check',
      expression: `(status = 'done') = (manifest_key is not null) and (status = 'done') = (size is not null) and size >= 0`,
    },
    {
      name: 'backups_deletion_check',
      expression: `(deletion_requested_at is null or (status in ('done', 'error') and locked_at is null)) and (deletion_requested_at is null) = (deletion_due_at is null) and (deletion_begun_at is null or deletion_requested_at is not null) and (deleted_at is null or deletion_begun_at is not null)`,
    },
    { name: 'backups_manifest_sha256_check', expression: `manifest_sha256 ~ '^[0-9a-f]{64}$'` },
    {
      name: 'backups_verified_level_check',
      expression: `verified_level in ${levelList}`,
    },
    { name: 'backups_damage_check', expression: 'damage is null or damaged_at is not null' },
  ],
  indices: [
    ...workIndices('backups'),
    {
      name: 'backups_order_idx',
      columns: ['accountId', 'method', 'createdAt'],
      where: `status = 'scheduled' and server_id is null`,
    },
    { name: 'backups_database_done_idx', columns: ['databaseId', 'completedAt'], where: `status = 'done'` },
    {
      name: 'backups_database_level_idx',
      columns: ['databaseId', 'verifiedLevel', 'completedAt'],
      where: `status = 'done'`,
    },
    { name: 'backups_running_key', columns: ['databaseId'], unique: true, where: `status = 'pending'` },
    { name: 'backups_database_id_created_at_idx', columns: ['databaseId', 'createdAt'] },
    { name: 'backups_destination_id_idx', columns: ['destinationId'] },
    { name: 'backups_completed_at_idx', columns: ['completedAt'], where: 'completed_at is not null' },
    { name: 'backups_run_id_idx', columns: ['runId'], where: 'run_id is not null' },
    {
      name: 'backups_verified_idx',
      columns: ['destinationId', 'verifiedAt', 'completedAt'],
      where: `status = 'done' and deletion_requested_at is null`,
    },
    { name: 'backups_damaged_idx', columns: ['databaseId'], where: 'damaged_at is not null' },
    { name: 'backups_schedule_done_idx', columns: ['scheduleId', 'completedAt'], where: `status = 'done'` },
    {
      name: 'backups_deletion_idx',
      columns: ['deletionDueAt'],
      where: 'deletion_requested_at is not null and deleted_at is null',
    },
    {
      name: 'backups_waiting_idx',
      columns: ['databaseId', 'createdAt'],
      where: `status in ('scheduled', 'pending')`,
    },
  ],
  foreignKeys: [
    restricted('backups_account_fkey', 'Account', ['accountId']),
    withinAccount('backups_database_fkey', 'Database', 'databaseId'),
    withinAccount('backups_destination_fkey', 'Destination', 'destinationId'),
    { ...restricted('backups_schedule_fkey', 'Schedule', ['scheduleId']), onDelete: 'SET NULL' },
    { ...restricted('backups_run_fkey', 'PolicyRun', ['runId']), onDelete: 'SET NULL' },
    workServer('backups'),
  ],
});

export const backupFileEntity = new EntitySchema<BackupFile>({
  name: 'BackupFile',
  tableName: 'backup_files',
  columns: {
    id: uuidKey,
    backupId: uuid,
    role: text,
    name: text,
    key: text,
    size: bytes,
    checksum: text,
    unencryptedSize: optional(bytes),
    unencryptedSha256: optional(text),
    plainSize: optional(bytes),
    plainSha256: optional(text),
  },
  uniques: [{ name: 'backup_files_backup_id_key_key', columns: ['backupId', 'key'] }],
  checks: [
    { name: 'backup_files_role_check', expression: `role in ('dump', 'globals', 'content')` },
    { name: 'backup_files_size_check', expression: 'size >= 0 and plain_size >= 0 and unencrypted_size >= 0' },
    {
      name: 'backup_files_plain_sha256_check',
      expression: `plain_sha256 ~ '^[0-9a-f]{64}$' and unencrypted_sha256 ~ '^[0-9a-f]{64}$'`,
    },
    {
      name: 'backup_files_unencrypted_check',
      expression: '(unencrypted_size is null) = (unencrypted_sha256 is null)',
    },
    {
      name: 'backup_files_checksum_check',
      expression: `checksum ~ '^(sha256:[0-9a-f]{64}|sha1:[0-9a-f]{40}|md5:[0-9a-f]{32})$'`,
    },
  ],
  foreignKeys: [restricted('backup_files_backup_fkey', 'Backup', ['backupId'])],
});

export const backupAttemptEntity = new EntitySchema<BackupAttempt & HiddenOfAttempt>({
  name: 'BackupAttempt',
  tableName: 'backup_attempts',
  columns: {
    backupId: uuidKey,
    destinationId: integer,
    prefix: bytewise,
    ...attemptColumns,
    hooksOpenedAt: hidden(optional(instant)),
    hooksHeldUntil: hidden(optional(instant)),
    hooksRungAt: hidden(optional(instant)),
    hooksClosedAt: hidden(optional(instant)),
  },
  checks: [
    ...attemptChecks('backup_attempts'),
    {
      name: 'backup_attempts_settled_check',
      expression: 'not settled or (ended_at is not null and error is null and swept_at is null)',
    },
    {
      name: 'backup_attempts_hooks_check',
      expression:
        'hooks_opened_at is not null or (hooks_held_until is null and hooks_rung_at is null and hooks_closed_at is null)',
    },
  ],
  indices: [
    { name: 'backup_attempts_destination_id_idx', columns: ['destinationId'] },
    { name: 'backup_attempts_settled_prefix_idx', columns: ['destinationId', 'prefix'], where: 'settled' },
    { name: 'backup_attempts_sweep_idx', columns: ['endedAt'], where: 'not settled and swept_at is null' },
    {
      name: 'backup_attempts_hooks_idx',
      columns: ['endedAt'],
      where: 'hooks_opened_at is not null and hooks_closed_at is null',
    },
    { name: 'backup_attempts_settled_key', columns: ['backupId'], unique: true, where: 'settled' },
  ],
  foreignKeys: [
    restricted('backup_attempts_backup_fkey', 'Backup', ['backupId']),
    restricted('backup_attempts_destination_fkey', 'Destination', ['destinationId']),
  ],
});
