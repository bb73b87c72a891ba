import { EntitySchema } from 'typeorm';
import type { Verification, VerificationAttempt } from '@holdfast/shared/domain';
import { levelList } from '../proof.ts';
import { integer, json, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted, withinAccount } from './foreign-keys.ts';
import { attemptChecks, attemptColumns, workChecks, workColumns, workIndices, workServer } from './work.ts';

export const verificationEntity = new EntitySchema<Verification & { rungAt: Date | null }>({
  name: 'Verification',
  tableName: 'verifications',
  columns: {
    id: uuidKey,
    accountId: integer,
    backupId: uuid,
    databaseId: uuid,
    cause: text,
    level: text,
    reached: optional(text),
    findings: json,
    ...workColumns,
  },
  checks: [
    ...workChecks('verifications'),
    { name: 'verifications_cause_check', expression: `cause in ('policy', 'manual', 'recheck')` },
    { name: 'verifications_level_check', expression: `level in ${levelList}` },
    {
      name: 'verifications_reached_check',
      expression: `reached in ${levelList} and (status = 'done' or reached is null)`,
    },
  ],
  indices: [
    ...workIndices('verifications'),
    {
      name: 'verifications_order_idx',
      columns: ['accountId', 'createdAt'],
      where: `status = 'scheduled' and server_id is null`,
    },
    {
      name: 'verifications_open_key',
      columns: ['backupId'],
      unique: true,
      where: `status in ('scheduled', 'pending')`,
    },
    {
      name: 'verifications_short_idx',
      columns: ['backupId'],
      where: 'completed_at is not null and reached is distinct from level',
    },
    { name: 'verifications_backup_id_idx', columns: ['backupId'] },
    { name: 'verifications_database_id_idx', columns: ['databaseId'] },
  ],
  foreignKeys: [
    restricted('verifications_account_fkey', 'Account', ['accountId']),
    withinAccount('verifications_backup_fkey', 'Backup', 'backupId'),
    withinAccount('verifications_database_fkey', 'Database', 'databaseId'),
    workServer('verifications'),
  ],
});

export const verificationAttemptEntity = new EntitySchema<VerificationAttempt & { rungAt: Date | null }>({
  name: 'VerificationAttempt',
  tableName: 'verification_attempts',
  columns: {
    verificationId: uuidKey,
    ...attemptColumns,
  },
  checks: [
    ...attemptChecks('verification_attempts'),
    {
      name: 'verification_attempts_settled_check',
      expression: 'not settled or (ended_at is not null and error is null)',
    },
  ],
  indices: [
    { name: 'verification_attempts_sweep_idx', columns: ['endedAt'], where: 'swept_at is null' },
    { name: 'verification_attempts_settled_key', columns: ['verificationId'], unique: true, where: 'settled' },
  ],
  foreignKeys: [restricted('verification_attempts_verification_fkey', 'Verification', ['verificationId'])],
});
