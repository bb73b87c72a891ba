import { EntitySchema } from 'typeorm';
import type { Backup, BackupAttempt, BackupFile } from '@holdfast/shared/domain';
import { bytes, flag, hidden, instant, integer, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted, withinAccount } from './foreign-keys.ts';
import { workChecks, workColumns, workIndices } from './work.ts';

export const backupEntity = new EntitySchema<Backup & { rungAt: Date | null }>({
  name: 'Backup',
  tableName: 'backups',
  columns: {
    id: uuidKey,
    accountId: integer,
    databaseId: uuid,
    destinationId: integer,
    scheduleId: optional(uuid),
    scheduledFor: optional(instant),
    method: text,
    engine: text,
    name: text,
    size: optional(bytes),
    manifestKey: optional(text),
    damagedAt: optional(instant),
    expiresAt: optional(instant),
    verifiedAt: optional(instant),
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
  ],
  indices: [
    ...workIndices('backups'),
    { name: 'backups_running_key', columns: ['databaseId'], unique: true, where: `status = 'pending'` },
    { name: 'backups_database_id_created_at_idx', columns: ['databaseId', 'createdAt'] },
    { name: 'backups_destination_id_idx', columns: ['destinationId'] },
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
    plainSize: bytes,
    sha256: text,
    plainSha256: text,
  },
  uniques: [{ name: 'backup_files_backup_id_key_key', columns: ['backupId', 'key'] }],
  checks: [
    { name: 'backup_files_role_check', expression: `role in ('dump', 'globals')` },
    { name: 'backup_files_size_check', expression: 'size >= 0 and plain_size >= 0' },
    {
      name: 'backup_files_sha256_check',
      expression: `sha256 ~ '^[0-9a-f]{64}$' and plain_sha256 ~ '^[0-9a-f]{64}$'`,
    },
  ],
  foreignKeys: [restricted('backup_files_backup_fkey', 'Backup', ['backupId'])],
});

export const backupAttemptEntity = new EntitySchema<BackupAttempt & { rungAt: Date | null }>({
  name: 'BackupAttempt',
  tableName: 'backup_attempts',
  columns: {
    backupId: uuidKey,
    attempt: { ...integer, primary: true },
    destinationId: integer,
    prefix: text,
    worker: text,
    startedAt: instant,
    endedAt: optional(instant),
    settled: flag,
    error: optional(text),
    rungAt: hidden(optional(instant)),
    sweptAt: optional(instant),
  },
  checks: [
    { name: 'backup_attempts_attempt_check', expression: 'attempt >= 1' },
    {
      name: 'backup_attempts_settled_check',
      expression: 'not settled or (ended_at is not null and error is null and swept_at is null)',
    },
    { name: 'backup_attempts_swept_at_check', expression: 'swept_at is null or ended_at is not null' },
  ],
  indices: [
    { name: 'backup_attempts_destination_id_idx', columns: ['destinationId'] },
    { name: 'backup_attempts_sweep_idx', columns: ['endedAt'], where: 'not settled and swept_at is null' },
    { name: 'backup_attempts_settled_key', columns: ['backupId'], unique: true, where: 'settled' },
  ],
  foreignKeys: [
    restricted('backup_attempts_backup_fkey', 'Backup', ['backupId']),
    restricted('backup_attempts_destination_fkey', 'Destination', ['destinationId']),
  ],
});
