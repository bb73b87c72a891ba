import type { EntitySchemaIndexOptions, EntitySchemaOptions } from 'typeorm';
import type { Backup, PolicyRun, Restore } from '@holdfast/shared/domain';
import { restricted, type ForeignKey } from './foreign-keys.ts';
import { bytes, flag, hidden, instant, integer, json, optional, text } from './columns.ts';

type Check = NonNullable<EntitySchemaOptions<unknown>['checks']>[number];

/** What all work has in common. */
export type Work = Pick<Backup, keyof Backup & keyof Restore & keyof PolicyRun>;

export const workColumns = {
  status: text,
  attempt: integer,
  failures: integer,
  maxFailures: integer,
  runAfter: instant,
  leaseOwner: optional(text),
  leaseUntil: optional(instant),
  serverId: optional(integer),
  silenceSeconds: optional(integer),
  cancelRequestedAt: optional(instant),
  error: optional(json),
  /** When the queue was last told; null when it is to be told as soon as the row is due. */
  rungAt: hidden(optional(instant)),
  /** How many rings came to nothing because the work did not fit just then. */
  refusals: hidden({ ...integer, default: 0 }),
  requestId: optional(text),
  createdAt: instant,
  startedAt: optional(instant),
  completedAt: optional(instant),
  progressBytes: bytes,
  estimatedBytes: optional(bytes),
};

export const workChecks = (table: string): Check[] => [
  { name: `${table}_status_check`, expression: `status in ('scheduled', 'pending', 'done', 'error')` },
  { name: `${table}_attempt_check`, expression: 'failures >= 0 and attempt >= failures' },
  {
    name: `${table}_max_failures_check`,
    expression: `max_failures >= 1 and failures <= max_failures and (failures < max_failures or status in ('done', 'error'))`,
  },
  {
    name: `${table}_lease_check`,
    expression: `(status = 'pending') = (lease_owner is not null) and (status = 'pending') = (lease_until is not null)`,
  },
  {
    name: `${table}_completed_at_check`,
    expression: `(status in ('done', 'error')) = (completed_at is not null)`,
  },
  {
    name: `${table}_error_check`,
    expression: `(status <> 'error' or error is not null) and (status <> 'done' or error is null)`,
  },
  {
    name: `${table}_silence_seconds_check`,
    expression: 'silence_seconds is null or (silence_seconds > 0 and server_id is not null)',
  },
];

/** Of the server whose work it is. */
export const workServer = (table: string): ForeignKey => ({
  ...restricted(`${table}_server_fkey`, 'Server', ['serverId']),
  onDelete: 'SET NULL',
});

export const workIndices = (table: string): EntitySchemaIndexOptions[] => [
  { name: `${table}_due_idx`, columns: ['runAfter'], where: `status = 'scheduled'` },
  { name: `${table}_server_id_idx`, columns: ['serverId'], where: `status = 'scheduled'` },
  { name: `${table}_lease_idx`, columns: ['leaseUntil'], where: `status = 'pending'` },
  { name: `${table}_rung_idx`, columns: ['rungAt'], where: `status = 'scheduled' and rung_at is not null` },
];

/** What the attempts at backups and at restores have in common. */
export const attemptColumns = {
  attempt: { ...integer, primary: true },
  worker: text,
  startedAt: instant,
  endedAt: optional(instant),
  settled: flag,
  bytes,
  error: optional(json),
  rungAt: hidden(optional(instant)),
  sweptAt: optional(instant),
};

/** What a row of an attempt begins with. */
export const newAttempt = ({ attempt, leaseOwner }: Pick<Work, 'attempt' | 'leaseOwner'>) => ({
  attempt,
  worker: leaseOwner ?? '',
  startedAt: () => 'clock_timestamp()',
  settled: false,
  bytes: 0,
});

export const attemptChecks = (table: string): Check[] => [
  { name: `${table}_attempt_check`, expression: 'attempt >= 1' },
  { name: `${table}_swept_at_check`, expression: 'swept_at is null or ended_at is not null' },
];
