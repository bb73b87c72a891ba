import { EntitySchema } from 'typeorm';
import type { Orphan, Reconciliation } from '@holdfast/shared/domain';
import { bytes, bytewise, flag, hidden, insertedAt, instant, integer, json, optional, text } from './columns.ts';
import { restricted } from './foreign-keys.ts';

/** What only statements use: the doorbell and the lease. */
interface Hidden {
  requestId: string | null;
  rungAt: Date | null;
  /** Counts the runs: the fencing number of the present one. */
  run: number;
  leaseUntil: Date | null;
}

export const reconciliationEntity = new EntitySchema<Reconciliation & Hidden>({
  name: 'Reconciliation',
  tableName: 'reconciliations',
  columns: {
    destinationId: { ...integer, primary: true },
    requestedAt: optional(instant),
    requestId: hidden(optional(text)),
    dueAt: insertedAt,
    rungAt: hidden(optional(instant)),
    run: hidden({ ...integer, default: 0 }),
    leaseUntil: hidden(optional(instant)),
    startedAt: optional(instant),
    endedAt: optional(instant),
    succeededAt: optional(instant),
    report: optional(json),
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
    key: { ...bytewise, primary: true },
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
