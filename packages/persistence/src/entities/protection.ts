import { EntitySchema } from 'typeorm';
import type { ProtectionState, ServiceName } from '@holdfast/shared/domain';
import { insertedAt, instant, optional, text, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

const heard = { ...insertedAt, default: () => 'clock_timestamp()' };

interface ServiceInstanceRow {
  service: ServiceName;
  instance: string;
  version: string;
  startedAt: Date;
  /** Since when it has been heard without a break. */
  steadySince: Date;
  seenAt: Date;
}

export const serviceInstanceEntity = new EntitySchema<ServiceInstanceRow>({
  name: 'ServiceInstance',
  tableName: 'service_instances',
  columns: {
    service: { ...text, primary: true },
    instance: { ...text, primary: true },
    version: text,
    startedAt: heard,
    steadySince: heard,
    seenAt: heard,
  },
  checks: [
    {
      name: 'service_instances_service_check',
      expression: `service in ('api', 'scheduler', 'worker', 'sentinel')`,
    },
  ],
  indices: [{ name: 'service_instances_service_seen_at_idx', columns: ['service', 'seenAt'] }],
});

/** What the sentinel last judged of a database. */
interface ProtectionStateRow {
  databaseId: string;
  state: ProtectionState;
  since: Date;
  judgedAt: Date;
  /** The alert that it asks for. */
  alert: string | null;
  message: string | null;
}

export const protectionStateEntity = new EntitySchema<ProtectionStateRow>({
  name: 'ProtectionState',
  tableName: 'protection_states',
  columns: {
    databaseId: uuidKey,
    state: text,
    since: instant,
    judgedAt: instant,
    alert: optional(text),
    message: optional(text),
  },
  checks: [
    {
      name: 'protection_states_state_check',
      expression: `state in ('protected', 'at_risk', 'unprotected', 'unknown')`,
    },
    {
      name: 'protection_states_alert_check',
      expression: `alert in ('protection_lost', 'protection_at_risk') and (alert is null) = (message is null)`,
    },
  ],
  foreignKeys: [{ ...restricted('protection_states_database_fkey', 'Database', ['databaseId']), onDelete: 'CASCADE' }],
});
