import type { CalendarSlot } from '@holdfast/persistence';
import { skipReasons, slotStatuses, type Slot } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

export const slotView = z
  .strictObject({
    scheduled_for: timeView.meta({ description: 'The time of the cron expression.' }),
    run_at: timeView.meta({ description: 'When it comes due: that time, and the schedule’s share of its jitter.' }),
    status: z.enum(slotStatuses),
    reason: z.enum(skipReasons).nullable().meta({ description: 'Why it was skipped; null otherwise.' }),
    covers: z
      .int()
      .min(1)
      .meta({ description: 'How many times it stands for: more than one only after a long absence.' }),
    backup_id: idView.nullable(),
    ended_at: timeView.nullable(),
  })
  .meta({
    id: 'Slot',
    description: 'One planned run of a schedule.',
    examples: [
      {
        scheduled_for: '2026-09-02T01:30:00.000Z',
        run_at: '2026-09-02T01:30:00.000Z',
        status: 'done',
        reason: null,
        covers: 1,
        backup_id: '01991f55-2c1e-7a3b-8d44-0e6f1f2a9b77',
        ended_at: '2026-09-02T01:41:17.902Z',
      },
    ],
  });

export const calendarSlotView = z.strictObject({ database_id: idView, schedule_id: idView, ...slotView.shape }).meta({
  id: 'CalendarSlot',
  description: 'One planned run of one of the schedules.',
  examples: [
    {
      database_id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
      schedule_id: '01991f4c-aa20-7b11-9c3d-1f2e3d4c5b6a',
      scheduled_for: '2026-09-03T01:30:00.000Z',
      run_at: '2026-09-03T01:30:00.000Z',
      status: 'planned',
      reason: null,
      covers: 1,
      backup_id: null,
      ended_at: null,
    },
  ],
});

export const presentCalendarSlot = (slot: CalendarSlot): z.input<typeof calendarSlotView> => ({
  database_id: slot.databaseId,
  schedule_id: slot.scheduleId,
  ...presentSlot(slot),
});

export const presentSlot = (slot: Slot): z.input<typeof slotView> => ({
  scheduled_for: presentTime(slot.scheduledFor),
  run_at: presentTime(slot.runAt),
  status: slot.status,
  reason: slot.reason,
  covers: slot.covers,
  backup_id: slot.backupId,
  ended_at: presentTime(slot.endedAt),
});
