import type { EntityManager } from 'typeorm';

/** Forgets the records of backups whose objects are gone, where what they belong to goes too. */
export async function forgetDeletedBackups(
  manager: EntityManager,
  column: 'database_id' | 'destination_id',
  id: string | number,
): Promise<void> {
  const deleted = `(select id from holdfast.backups where ${column} = $1 and deleted_at is not null)`;
  await manager.query(
    `delete from holdfast.restore_attempts where restore_id in (
      select id from holdfast.restores where backup_id in ${deleted})`,
    [id],
  );
  for (const table of ['restores', 'remote_uploads', 'backup_files', 'backup_attempts']) {
    await manager.query(`delete from holdfast.${table} where backup_id in ${deleted}`, [id]);
  }
  await manager.query(`delete from holdfast.backups where ${column} = $1 and deleted_at is not null`, [id]);
}
