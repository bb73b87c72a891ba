import type { EntityManager } from 'typeorm';

/** Whether a restore of the backup of that alias keeps former content on a server: forgotten, nobody would drop it. */
export const hasFormer = (w: string): string => `exists (
  select from holdfast.restores r where r.backup_id = ${w}.id and r.former is not null)`;

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
  await forgetVerifications(manager, `backup_id in ${deleted}`, [id]);
  for (const table of ['restores', 'remote_uploads', 'backup_files', 'hook_runs', 'backup_attempts']) {
    await manager.query(`delete from holdfast.${table} where backup_id in ${deleted}`, [id]);
  }
  await manager.query(`delete from holdfast.backups where ${column} = $1 and deleted_at is not null`, [id]);
}

/** Forgets the records of the verifications that a condition names. */
export async function forgetVerifications(
  manager: EntityManager,
  condition: string,
  parameters: unknown[],
): Promise<void> {
  await manager.query(
    `delete from holdfast.verification_attempts where verification_id in (
      select id from holdfast.verifications where ${condition})`,
    parameters,
  );
  await manager.query(`delete from holdfast.verifications where ${condition}`, parameters);
}
