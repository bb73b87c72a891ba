import { EntitySchema } from 'typeorm';
import type { HookRun } from '@holdfast/shared/domain';
import { instant, integer, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

export const hookRunEntity = new EntitySchema<HookRun>({
  name: 'HookRun',
  tableName: 'hook_runs',
  columns: {
    id: uuidKey,
    backupId: uuid,
    attempt: integer,
    phase: text,
    position: integer,
    name: text,
    worker: text,
    startedAt: { ...instant, default: () => 'clock_timestamp()' },
    endedAt: optional(instant),
    outcome: optional(text),
    exitCode: optional(integer),
    httpStatus: optional(integer),
    problem: optional(text),
    output: { ...text, default: '' },
  },
  checks: [
    { name: 'hook_runs_phase_check', expression: `phase in ('before', 'after')` },
    { name: 'hook_runs_position_check', expression: 'position >= 0' },
    {
      name: 'hook_runs_outcome_check',
      expression: `outcome in ('done', 'failed') and (outcome = 'failed') = (problem is not null)`,
    },
    { name: 'hook_runs_ended_at_check', expression: '(ended_at is null) = (outcome is null)' },
  ],
  indices: [
    { name: 'hook_runs_backup_id_attempt_idx', columns: ['backupId', 'attempt'] },
    { name: 'hook_runs_failed_idx', columns: ['backupId'], where: `phase = 'after' and outcome = 'failed'` },
  ],
  foreignKeys: [
    restricted('hook_runs_attempt_fkey', 'BackupAttempt', ['backupId', 'attempt'], ['backupId', 'attempt']),
  ],
});
