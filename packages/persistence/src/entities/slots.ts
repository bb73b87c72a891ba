import { EntitySchema } from 'typeorm';
import type { Slot } from '@holdfast/shared/domain';
import { hidden, insertedAt, instant, integer, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

export const slotEntity = new EntitySchema<Slot & { createdAt: Date }>({
  name: 'Slot',
  tableName: 'slots',
  columns: {
    scheduleId: uuidKey,
    scheduledFor: { ...instant, primary: true },
    runAt: instant,
    status: text,
    reason: optional(text),
    covers: integer,
    backupId: optional(uuid),
    createdAt: hidden(insertedAt),
    endedAt: optional(instant),
  },
  checks: [
    {
      name: 'slots_status_check',
      expression: `status in ('planned', 'running', 'done', 'error', 'skipped', 'missed')`,
    },
    { name: 'slots_run_at_check', expression: 'run_at >= scheduled_for' },
    {
      name: 'slots_covers_check',
      expression: `covers >= 1 and (covers = 1 or status in ('planned', 'skipped', 'missed'))`,
    },
    {
      name: 'slots_reason_check',
      expression: `(status = 'skipped') = (reason is not null) and reason in ('overlap', 'disabled', 'caught_up')`,
    },
    {
      name: 'slots_backup_check',
      expression: `(status <> 'running' or backup_id is not null) and (status not in ('planned', 'skipped', 'missed') or backup_id is null)`,
    },
    { name: 'slots_ended_at_check', expression: `(status in ('planned', 'running')) = (ended_at is null)` },
  ],
  indices: [
    { name: 'slots_planned_idx', columns: ['runAt'], where: `status = 'planned'` },
    { name: 'slots_missed_idx', columns: ['scheduleId', 'scheduledFor'], where: `status = 'missed'` },
    { name: 'slots_schedule_id_run_at_idx', columns: ['scheduleId', 'runAt'], where: `status = 'planned'` },
    { name: 'slots_ended_at_idx', columns: ['endedAt'], where: 'ended_at is not null' },
    { name: 'slots_backup_id_key', columns: ['backupId'], unique: true },
  ],
  foreignKeys: [
    { ...restricted('slots_schedule_fkey', 'Schedule', ['scheduleId']), onDelete: 'CASCADE' },
    { ...restricted('slots_backup_fkey', 'Backup', ['backupId']), onDelete: 'SET NULL' },
  ],
});
