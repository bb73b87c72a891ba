import { In, type EntityManager } from 'typeorm';
import type { Deletion } from '@holdfast/shared/domain';
import { backupEntity } from './entities/backups.ts';

const state = `case
  when deleted_at is not null then 'deleted'
  when deletion_begun_at is null then 'marked'
  when deletion_error is not null then 'failed'
  else 'removing'
end`;

/** How the deletions of a database's backups go: first those that have not ended, then the newest ones. */
export async function deletionsOf(manager: EntityManager, databaseId: string, limit: number): Promise<Deletion[]> {
  const rows = await manager.query<(Omit<Deletion, 'backup'> & { id: string })[]>(
    `select id, ${state} as state, deletion_requested_at as "requestedAt", deletion_due_at as "dueAt",
       deletion_begun_at as "begunAt", deleted_at as "deletedAt", deletion_failures as failures, deletion_error as error
     from holdfast.backups where database_id = $1 and deletion_requested_at is not null
     order by deleted_at is not null, deletion_requested_at desc, id desc limit $2`,
    [databaseId, limit],
  );
  const found = await manager.findBy(backupEntity, { id: In(rows.map(({ id }) => id)) });
  const byId = new Map(found.map((backup) => [backup.id, backup]));
  return rows.flatMap(({ id, ...deletion }) => {
    const backup = byId.get(id);
    return backup ? [{ backup, ...deletion }] : [];
  });
}
