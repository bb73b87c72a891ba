import { In, type DataSource } from 'typeorm';
import { attemptPrefix, type Backup, type BackupAttempt, type BackupFile, type Ids } from '@holdfast/shared/domain';
import { backupAttemptEntity, backupEntity, backupFileEntity } from './entities/backups.ts';
import { isRowNumber, isUuid } from './keys.ts';
import { insertBackup } from './new-backup.ts';
import type { BackupRepository, BackupResult, NewBackup } from './repositories.ts';
import { WorkTable, type WorkKind } from './work.ts';

const kind: WorkKind<Backup> = {
  table: 'holdfast.backups',
  entity: backupEntity,
  // One at a time for each database, the oldest that is due first.
  mayBegin: `not exists (
    select from holdfast.backups other
    where other.database_id = w.database_id and other.id <> w.id and (
      other.status = 'pending'
      or (other.status = 'scheduled' and other.run_after <= now()
        and (other.created_at, other.id) < (w.created_at, w.id))))`,
  runningKey: 'backups_running_key',
  began: async (manager, backup) => {
    await manager.insert(backupAttemptEntity, {
      backupId: backup.id,
      attempt: backup.attempt,
      destinationId: backup.destinationId,
      prefix: attemptPrefix(backup, backup.attempt),
      worker: backup.leaseOwner ?? '',
      startedAt: () => 'clock_timestamp()',
      settled: false,
    });
  },
  endAttempts: (settled, error) => `, ended as (
    update holdfast.backup_attempts a set ended_at = clock_timestamp(), settled = ${settled}, error = ${error}
    from changed where a.backup_id = changed.id and a.attempt = changed.attempt)`,
};

/** The columns of an attempt by the names of the domain. */
const attemptColumns = `
  a.backup_id as "backupId", a.attempt, a.destination_id as "destinationId", a.prefix, a.worker,
  a.started_at as "startedAt", a.ended_at as "endedAt", a.settled, a.error, a.swept_at as "sweptAt"`;

export class Backups extends WorkTable<Backup> implements BackupRepository {
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids) {
    super(dataSource, kind);
    this.#ids = ids;
  }

  async create(backup: NewBackup): Promise<Backup | null> {
    if (!isUuid(backup.databaseId)) return null;
    if (backup.destinationId !== null && !isRowNumber(backup.destinationId)) return null;
    return await insertBackup(this.dataSource.manager, this.#ids, { ...backup, tick: null });
  }

  async listOfDatabase(databaseId: string): Promise<Backup[]> {
    if (!isUuid(databaseId)) return [];
    return await this.dataSource.manager.find(backupEntity, {
      where: { databaseId },
      order: { createdAt: 'DESC', id: 'DESC' },
    });
  }

  async findOwned(accountId: number, id: string): Promise<Backup | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.manager.findOneBy(backupEntity, { accountId, id });
  }

  async files(backupId: string): Promise<BackupFile[]> {
    return await this.filesOf([backupId]);
  }

  async filesOf(backupIds: readonly string[]): Promise<BackupFile[]> {
    const where = { backupId: In(backupIds.filter(isUuid)) };
    return await this.dataSource.manager.find(backupFileEntity, {
      where,
      order: { backupId: 'ASC', role: 'ASC', name: 'ASC' },
    });
  }

  async settle(id: string, attempt: number, result: BackupResult): Promise<boolean> {
    const sum = (bytes: (file: BackupFile) => number): number =>
      result.files.reduce((total, file) => total + bytes(file), 0);
    return await this.dataSource.transaction(async (manager) => {
      const settled = await this.settleAs(manager, id, attempt, {
        set: 'size = $3, manifest_key = $4, progress_bytes = $5',
        parameters: [sum(({ size }) => size), result.manifestKey, sum(({ plainSize }) => plainSize)],
      });
      if (settled) await manager.insert(backupFileEntity, result.files);
      return settled;
    });
  }

  async markDamaged(id: string): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.query(
      `update holdfast.backups set damaged_at = coalesce(damaged_at, clock_timestamp()) where id = $1 and status = 'done'`,
      [id],
    );
  }

  async takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<BackupAttempt[]> {
    return await this.dataSource.query<BackupAttempt[]>(
      `with due as (
        select backup_id, attempt from holdfast.backup_attempts
        where not settled and swept_at is null and ended_at <= now() - make_interval(secs => $2)
          and (rung_at is null or rung_at <= now() - make_interval(secs => $3))
        order by ended_at limit $1 for update skip locked
      ), rung as (
        update holdfast.backup_attempts a set rung_at = clock_timestamp() from due
        where a.backup_id = due.backup_id and a.attempt = due.attempt
        returning ${attemptColumns}
      ) select * from rung`,
      [limit, delaySeconds, ringAgainSeconds],
    );
  }

  async findAttempt(backupId: string, attempt: number): Promise<BackupAttempt | null> {
    if (!isUuid(backupId) || !isRowNumber(attempt)) return null;
    return await this.dataSource.manager.findOneBy(backupAttemptEntity, { backupId, attempt });
  }

  async markSwept(backupId: string, attempt: number): Promise<void> {
    await this.dataSource.query(
      `update holdfast.backup_attempts set swept_at = coalesce(swept_at, clock_timestamp())
       where backup_id = $1 and attempt = $2 and ended_at is not null and not settled`,
      [backupId, attempt],
    );
  }
}
