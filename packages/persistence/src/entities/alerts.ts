import { EntitySchema } from 'typeorm';
import type { Alert } from '@holdfast/shared/domain';
import { insertedAt, instant, integer, optional, text, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

export const alertEntity = new EntitySchema<Alert>({
  name: 'Alert',
  tableName: 'alerts',
  columns: {
    id: uuidKey,
    accountId: integer,
    kind: text,
    subjectType: text,
    subjectId: text,
    message: text,
    raisedAt: insertedAt,
    seenAt: insertedAt,
    clearedAt: optional(instant),
    acknowledgedAt: optional(instant),
    acknowledgedBy: optional(text),
  },
  checks: [
    {
      name: 'alerts_subject_type_check',
      expression: `subject_type in ('database', 'schedule', 'backup', 'destination', 'policy', 'service', 'channel')`,
    },
    {
      name: 'alerts_acknowledged_check',
      expression: '(acknowledged_at is null) = (acknowledged_by is null)',
    },
  ],
  indices: [
    {
      name: 'alerts_open_key',
      columns: ['accountId', 'kind', 'subjectType', 'subjectId'],
      unique: true,
      where: 'cleared_at is null',
    },
    { name: 'alerts_account_id_raised_at_idx', columns: ['accountId', 'raisedAt'] },
  ],
  foreignKeys: [restricted('alerts_account_fkey', 'Account', ['accountId'])],
});
