import type { EntityManager } from 'typeorm';
import type { Ids, Schedule, SkipReason, Slot } from '@holdfast/shared/domain';
import { scheduleEntity } from './entities/schedules.ts';
import { insertBackup } from './new-backup.ts';
import { only } from './only.ts';
import type { TakenSlot } from './repositories/index.ts';
import { planAhead, planDue } from './slot-plan.ts';
import { beginSlot, dropSlots, plannedSlots } from './slots.ts';
import { decide } from './ticks.ts';

/** One turn makes no more backups of one schedule than these; the next turn goes on. */
export const runsPerTurn = 100;

interface Turn {
  now: Date;
  ids: Ids;
  /** How many slots are planned ahead. */
  ahead: number;
  maxFailures: number;
}

/** Ends or begins what is due of a schedule that the caller has locked, and plans on. */
export async function takeSlots(manager: EntityManager, schedule: Schedule, turn: Turn): Promise<TakenSlot[]> {
  const { now } = turn;
  const { id: scheduleId, databaseId } = schedule;
  await planDue(manager, schedule, now, runsPerTurn);
  const due = (await plannedSlots(manager, scheduleId)).filter(({ runAt }) => runAt <= now);
  const { run, dropped } = decide(schedule, due, now);
  const taken: TakenSlot[] = [];
  if (run.length > 0) {
    // Two schedules of one database take turns, so that each sees the other's backup.
    await manager.query('select from holdfast.databases where id = $1 for no key update', [databaseId]);
    for (const slot of run.slice(0, runsPerTurn)) taken.push(await begin(manager, schedule, slot, turn));
    if (taken.some(({ backupId }) => backupId !== null)) {
      await manager.update(scheduleEntity, { id: scheduleId }, { lastRunAt: now });
    }
  }
  const reason = droppedFor(schedule, taken);
  await dropSlots(manager, scheduleId, dropped, reason);
  await planAhead(manager, schedule, now, turn.ahead);
  return [...dropped.map((slot) => ended(slot, reason)), ...taken];
}

/** One that is made up for shares the fate of the slot that does it; null: missed. */
function droppedFor({ catchUp }: Schedule, taken: readonly TakenSlot[]): SkipReason | null {
  if (catchUp !== 'once' || taken.length === 0) return null;
  return taken.some(({ backupId }) => backupId !== null) ? 'caught_up' : 'overlap';
}

async function begin(manager: EntityManager, schedule: Schedule, slot: Slot, turn: Turn): Promise<TakenSlot> {
  const { id: scheduleId, databaseId, destinationId } = schedule;
  const { scheduledFor } = slot;
  if (schedule.overlap === 'skip' && (await isOccupied(manager, databaseId))) {
    await dropSlots(manager, scheduleId, [slot], 'overlap');
    return ended(slot, 'overlap');
  }
  const { ids, maxFailures } = turn;
  const tick = { scheduleId, scheduledFor };
  const request = { databaseId, destinationId, method: 'periodic', requestId: null, maxFailures, tick } as const;
  await insertBackup(manager, ids, request);
  const backupId = await beginSlot(manager, scheduleId, scheduledFor);
  return { scheduleId, scheduledFor, status: 'running', reason: null, covers: 1, backupId };
}

function ended({ scheduleId, scheduledFor, covers }: Slot, reason: SkipReason | null): TakenSlot {
  return { scheduleId, scheduledFor, status: reason ? 'skipped' : 'missed', reason, covers, backupId: null };
}

/** Whether a backup of the database waits or runs. */
export async function isOccupied(manager: EntityManager, databaseId: string): Promise<boolean> {
  const rows = await manager.query<{ occupied: boolean }[]>(
    `select exists (
      select from holdfast.backups where database_id = $1 and status in ('scheduled', 'pending')
    ) as occupied`,
    [databaseId],
  );
  return only(rows).occupied;
}
