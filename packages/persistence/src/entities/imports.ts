import { EntitySchema } from 'typeorm';
import type { Import } from '@holdfast/shared/domain';
import { hidden, instant, integer, json, optional, text } from './columns.ts';
import { restricted } from './foreign-keys.ts';

/** What only statements use: the doorbell and the lease. */
interface Hidden {
  requestId: string | null;
  rungAt: Date | null;
  /** Counts the runs: the fencing number of the present one. */
  run: number;
  leaseUntil: Date | null;
}

export const importEntity = new EntitySchema<Import & Hidden>({
  name: 'Import',
  tableName: 'imports',
  columns: {
    destinationId: { ...integer, primary: true },
    requestedAt: optional(instant),
    requestId: hidden(optional(text)),
    rungAt: hidden(optional(instant)),
    run: hidden({ ...integer, default: 0 }),
    leaseUntil: hidden(optional(instant)),
    startedAt: optional(instant),
    endedAt: optional(instant),
    report: optional(json),
    error: optional(json),
  },
  foreignKeys: [{ ...restricted('imports_destination_fkey', 'Destination', ['destinationId']), onDelete: 'CASCADE' }],
});
