import type { EntityManager } from 'typeorm';
import { HoldfastError } from '@holdfast/shared/domain';
import { forgetDeletedBackups } from './deleted-backups.ts';
import { cancelled } from './work.ts';

const isRestored = `exists (
  select from holdfast.restores r where r.backup_id = w.id and r.status in ('scheduled', 'pending'))`;

/** What stands in the way of deleting the backup `w`, as an SQL expression: a `DeletionAnswer`. */
export const deletionAnswer = `case
  when w.status = 'pending' then 'running'
  when w.locked_at is not null then 'locked'
  when ${isRestored} then 'being_restored'
  else 'requested'
end`;

/** Of the backups that nothing stands in the way of: one that waits is cancelled, and nobody sees them any more. */
export async function markForDeletion(
  manager: EntityManager,
  column: 'id' | 'destination_id',
  value: string | number,
  requestId: string | undefined,
): Promise<void> {
  await manager.query(
    `update holdfast.backups set
      deletion_requested_at = clock_timestamp(), deletion_due_at = clock_timestamp(), deletion_request_id = $2,
      status = case when status = 'scheduled' then 'error' else status end,
      error = case when status = 'scheduled' then ${cancelled} else error end,
      completed_at = coalesce(completed_at, clock_timestamp())
    where ${column} = $1 and deletion_requested_at is null`,
    [value, requestId ?? null],
  );
}

/**
 * Called where a row was just made to refer to a destination: it then holds a lock, so that no removal begins any more.
 * @throws HoldfastError configuration, when one had begun in the same moment
 */
export async function requireNotRemoved(manager: EntityManager, id: number | null | undefined): Promise<void> {
  if (id === null || id === undefined) return;
  const [removed] = await manager.query<unknown[]>(
    'select id from holdfast.destinations where id = $1 and deletion_requested_at is not null',
    [id],
  );
  if (removed) throw new HoldfastError('configuration', 'The destination has just been removed: choose another one.');
}

/** Ends the removal of a destination when the last of its backups is gone. */
export async function removeEmptyDestination(manager: EntityManager, id: number): Promise<void> {
  // Locked before it is looked at: of two that end its last backups at once, the later one sees what the earlier one did.
  const [removing] = await manager.query<unknown[]>(
    'select id from holdfast.destinations where id = $1 and deletion_requested_at is not null for update',
    [id],
  );
  if (!removing) return;
  const [used] = await manager.query<unknown[]>(
    `select id from holdfast.backups where destination_id = $1 and deleted_at is null
     union all select id from holdfast.databases where destination_id = $1
     union all select id from holdfast.schedules where destination_id = $1 limit 1`,
    [id],
  );
  if (used) return;
  await forgetDeletedBackups(manager, 'destination_id', id);
  await manager.query('delete from holdfast.destinations where id = $1', [id]);
}
