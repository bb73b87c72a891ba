import { EntitySchema } from 'typeorm';
import type { PolicyRun, ServerPolicy, WorkAttempt } from '@holdfast/shared/domain';
import { flag, insertedAt, instant, integer, json, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted, withinAccount } from './foreign-keys.ts';
import { attemptChecks, attemptColumns, workChecks, workColumns, workIndices, workServer } from './work.ts';

/** A policy as it is stored: its password is sealed. */
export type PolicyRow = Omit<ServerPolicy, 'password'> & { password: string | null };

export const policyEntity = new EntitySchema<PolicyRow>({
  name: 'ServerPolicy',
  tableName: 'policies',
  columns: {
    id: uuidKey,
    accountId: integer,
    name: text,
    type: text,
    host: text,
    port: integer,
    user: text,
    password: optional(text),
    database: text,
    options: json,
    destinationId: integer,
    include: { ...text, array: true },
    exclude: { ...text, array: true },
    globals: flag,
    cron: text,
    timezone: text,
    jitterSeconds: integer,
    retention: json,
    verification: optional(json),
    objectives: optional(json),
    enabled: flag,
    nextRunAt: optional(instant),
    lastRunAt: optional(instant),
    createdAt: insertedAt,
    updatedAt: insertedAt,
  },
  uniques: [
    { name: 'policies_account_id_id_key', columns: ['accountId', 'id'] },
    { name: 'policies_account_id_name_key', columns: ['accountId', 'name'] },
  ],
  checks: [
    { name: 'policies_port_check', expression: 'port between 1 and 65535' },
    { name: 'policies_jitter_seconds_check', expression: 'jitter_seconds >= 0' },
    { name: 'policies_password_check', expression: `password ~ '^v[0-9]+[.]'` },
  ],
  indices: [
    { name: 'policies_next_run_at_idx', columns: ['nextRunAt'], where: 'enabled' },
    { name: 'policies_destination_id_idx', columns: ['destinationId'] },
  ],
  foreignKeys: [
    restricted('policies_account_fkey', 'Account', ['accountId']),
    withinAccount('policies_destination_fkey', 'Destination', 'destinationId'),
  ],
});

/** Goes with its policy. */
export const policyRunEntity = new EntitySchema<PolicyRun & { rungAt: Date | null }>({
  name: 'PolicyRun',
  tableName: 'policy_runs',
  columns: {
    id: uuidKey,
    accountId: integer,
    policyId: uuid,
    scheduledFor: optional(instant),
    findings: optional(json),
    ...workColumns,
  },
  uniques: [{ name: 'policy_runs_policy_id_scheduled_for_key', columns: ['policyId', 'scheduledFor'] }],
  checks: [
    ...workChecks('policy_runs'),
    { name: 'policy_runs_findings_check', expression: `(status = 'done') = (findings is not null)` },
  ],
  indices: [
    ...workIndices('policy_runs'),
    {
      name: 'policy_runs_order_idx',
      columns: ['accountId', 'createdAt'],
      where: `status = 'scheduled' and server_id is null`,
    },
    {
      name: 'policy_runs_open_key',
      columns: ['policyId'],
      unique: true,
      where: `status in ('scheduled', 'pending')`,
    },
    { name: 'policy_runs_policy_id_created_at_idx', columns: ['policyId', 'createdAt'] },
  ],
  foreignKeys: [
    restricted('policy_runs_account_fkey', 'Account', ['accountId']),
    { ...withinAccount('policy_runs_policy_fkey', 'ServerPolicy', 'policyId'), onDelete: 'CASCADE' },
    workServer('policy_runs'),
  ],
});

export const policyRunAttemptEntity = new EntitySchema<
  WorkAttempt & { runId: string; rungAt: Date | null; sweptAt: Date | null }
>({
  name: 'PolicyRunAttempt',
  tableName: 'policy_run_attempts',
  columns: {
    runId: uuidKey,
    ...attemptColumns,
  },
  checks: [
    ...attemptChecks('policy_run_attempts'),
    {
      name: 'policy_run_attempts_settled_check',
      expression: 'not settled or (ended_at is not null and error is null)',
    },
  ],
  indices: [{ name: 'policy_run_attempts_settled_key', columns: ['runId'], unique: true, where: 'settled' }],
  foreignKeys: [{ ...restricted('policy_run_attempts_run_fkey', 'PolicyRun', ['runId']), onDelete: 'CASCADE' }],
});
