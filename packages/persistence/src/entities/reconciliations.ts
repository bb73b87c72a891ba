import { EntitySchema } from 'typeorm';
import type { Orphan, Reconciliation } from '@holdfast/shared/domain';
import { bytes, flag, hidden, insertedAt, instant, integer, json, optional, text } from './columns.ts';
import { restricted } from './foreign-keys.ts';

export const reconciliationEntity = new EntitySchema<Reconciliation & { rungAt: Date | null }>({
  name: 'Reconciliation',
  tableName: 'reconciliations',
  columns: {
    destinationId: { ...integer, primary: true },
    requestedAt: optional(instant),
    rungAt: hidden(optional(instant)),
    startedAt: optional(instant),
    endedAt: optional(instant),
    objects: optional(bytes),
    bytes: optional(bytes),
    error: optional(json),
  },
  foreignKeys: [
    { ...restricted('reconciliations_destination_fkey', 'Destination', ['destinationId']), onDelete: 'CASCADE' },
  ],
});

export const orphanEntity = new EntitySchema<Orphan>({
  name: 'Orphan',
  tableName: 'orphans',
  columns: {
    destinationId: { ...integer, primary: true },
    kind: { ...text, primary: true },
    key: { ...text, primary: true },
    uploadId: { ...text, primary: true },
    size: optional(bytes),
    known: flag,
    firstSeenAt: insertedAt,
    lastSeenAt: insertedAt,
    removedAt: optional(instant),
  },
  checks: [
    {
      name: 'orphans_kind_check',
      expression: `kind in ('object', 'upload') and (kind = 'upload') = (upload_id <> '')`,
    },
  ],
  foreignKeys: [{ ...restricted('orphans_destination_fkey', 'Destination', ['destinationId']), onDelete: 'CASCADE' }],
});
