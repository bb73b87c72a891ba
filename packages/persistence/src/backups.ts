import { In, IsNull, Not, type DataSource, type EntityManager } from 'typeorm';
import {
  attemptPrefix,
  type Backup,
  type BackupAttempt,
  type BackupFile,
  type Ids,
  type PublicError,
} from '@holdfast/shared/domain';
import { backupAttemptEntity, backupEntity, backupFileEntity } from './entities/backups.ts';
import { isRowNumber, isUuid } from './keys.ts';
import { insertBackup } from './new-backup.ts';
import { deletionAnswer, markForDeletion, removeEmptyDestination } from './deletion.ts';
import type { BackupRepository, BackupResult, DeletionAnswer, NewBackup } from './repositories/index.ts';
import { storable, WorkTable, type WorkKind } from './work.ts';

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
      bytes: 0,
    });
  },
  attempts: { table: 'holdfast.backup_attempts', of: 'backup_id' },
  // The slot of a schedule ends as its backup does, in the same statement.
  further: `, slot as (
    update holdfast.slots s set status = changed.status, ended_at = clock_timestamp()
    from changed where s.backup_id = changed.id and changed.status in ('done', 'error'))`,
};

/** The attempt `a` of the failed remote backup `w` whose objects nobody has begun to remove. */
const revivable = `
  a.backup_id = w.id and w.status = 'error' and w.server_id is not null and w.deletion_requested_at is null
  and not a.settled and a.ended_at is not null and a.rung_at is null and a.swept_at is null`;

/**
 * The attempts of `w` whose worker may still write although somebody else ended them. Objects that it writes after the
 * removal would be nobody's once the records are forgotten.
 */
const unswept = `
  select from holdfast.backup_attempts a where a.backup_id = w.id and not a.settled and a.swept_at is null`;

/** The columns of an attempt by the names of the domain. */
const attemptColumns = `
  a.backup_id as "backupId", a.attempt, a.destination_id as "destinationId", a.prefix, a.worker,
  a.started_at as "startedAt", a.ended_at as "endedAt", a.settled, a.bytes::double precision as bytes, a.error, a.swept_at as "sweptAt"`;

/** Nobody sees a backup that somebody asked to delete. */
const shown = { deletionRequestedAt: IsNull() };

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
      where: { databaseId, ...shown },
      order: { createdAt: 'DESC', id: 'DESC' },
    });
  }

  async findOwned(accountId: number, id: string): Promise<Backup | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.manager.findOneBy(backupEntity, { accountId, id, ...shown });
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
    return await this.dataSource.transaction((manager) => this.#settle(manager, id, attempt, result));
  }

  async reserveRevival(id: string): Promise<Backup | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.transaction(async (manager) => {
      // The sweep counts from the end of the attempt.
      const kept = await manager.query<unknown[]>(
        `with kept as (
          update holdfast.backup_attempts a set ended_at = clock_timestamp() from holdfast.backups w
          where ${revivable} and w.id = $1 and a.attempt = w.attempt
          returning a.attempt
        ) select attempt from kept`,
        [id],
      );
      return kept.length > 0 ? await this.read(manager, id) : null;
    });
  }

  async revive(id: string, attempt: number, result: BackupResult): Promise<boolean> {
    if (!isUuid(id)) return false;
    return await this.dataSource.transaction(async (manager) => {
      // Against the sweep that takes the attempt at the same moment.
      await manager.query(
        'select from holdfast.backup_attempts where backup_id = $1 and attempt = $2 for no key update',
        [id, attempt],
      );
      const where = `exists (select from holdfast.backup_attempts a where ${revivable} and a.attempt = w.attempt)`;
      return await this.#settle(manager, id, attempt, result, where);
    });
  }

  async #settle(
    manager: EntityManager,
    id: string,
    attempt: number,
    { files, manifestKey }: BackupResult,
    where?: string,
  ): Promise<boolean> {
    const sum = (bytes: (file: BackupFile) => number): number => files.reduce((total, file) => total + bytes(file), 0);
    const settled = await this.settleAs(manager, id, attempt, {
      set: 'size = $3, manifest_key = $4, progress_bytes = $5',
      parameters: [sum(({ size }) => size), manifestKey, sum(({ size, plainSize }) => plainSize ?? size)],
      ...(where === undefined ? {} : { where }),
    });
    if (settled) await manager.insert(backupFileEntity, files);
    return settled;
  }

  async setLocked(accountId: number, id: string, locked: boolean): Promise<Backup | null> {
    if (!isUuid(id)) return null;
    const found = { accountId, id, ...shown };
    const lockedAt = locked ? () => 'coalesce(locked_at, clock_timestamp())' : null;
    await this.dataSource.manager.update(backupEntity, found, { lockedAt });
    return await this.findOwned(accountId, id);
  }

  async requestDeletion(accountId: number, id: string, requestId?: string): Promise<DeletionAnswer | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.transaction(async (manager) => {
      // Locked before it is looked at: a restore that was just being asked for is seen then.
      const [found] = await manager.query<unknown[]>(
        `select id from holdfast.backups
         where account_id = $1 and id = $2 and deletion_requested_at is null for update`,
        [accountId, id],
      );
      if (!found) return null;
      const [row] = await manager.query<{ answer: DeletionAnswer }[]>(
        `select ${deletionAnswer} as answer from holdfast.backups w where w.id = $1`,
        [id],
      );
      if (row?.answer === 'requested') await markForDeletion(manager, 'id', id, requestId);
      return row?.answer ?? null;
    });
  }

  async takeDeletable(limit: number, ringAgainSeconds: number): Promise<Pick<Backup, 'id' | 'requestId'>[]> {
    return await this.dataSource.query<Pick<Backup, 'id' | 'requestId'>[]>(
      `with due as (
        select w.id from holdfast.backups w
        where deletion_requested_at is not null and deleted_at is null and not exists (${unswept})
          and (deletion_rung_at is null or deletion_rung_at <= now() - make_interval(secs => $2))
        order by deletion_requested_at, w.id limit $1 for update of w skip locked
      ), rung as (
        update holdfast.backups w set deletion_rung_at = clock_timestamp() from due where w.id = due.id
        returning w.id, w.deletion_request_id as "requestId"
      ) select * from rung`,
      [limit, ringAgainSeconds],
    );
  }

  async findDeletable(id: string): Promise<{ backup: Backup; attempts: BackupAttempt[] } | null> {
    if (!isUuid(id)) return null;
    const { manager } = this.dataSource;
    const where = { id, deletionRequestedAt: Not(IsNull()), deletedAt: IsNull() };
    const backup = await manager.findOneBy(backupEntity, where);
    return backup && { backup, attempts: await manager.findBy(backupAttemptEntity, { backupId: id }) };
  }

  async deletionFailed(id: string, error: PublicError): Promise<void> {
    await this.dataSource.manager.update(backupEntity, { id, deletedAt: IsNull() }, { deletionError: storable(error) });
  }

  async markDeleted(id: string): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.transaction(async (manager) => {
      const [gone] = await manager.query<{ destinationId: number }[]>(
        `with gone as (
          update holdfast.backups set deleted_at = clock_timestamp(), deletion_error = null,
            deletion_begun_at = coalesce(deletion_begun_at, clock_timestamp())
          where id = $1 and deletion_requested_at is not null and deleted_at is null
          returning destination_id
        ) select destination_id as "destinationId" from gone`,
        [id],
      );
      if (gone) await removeEmptyDestination(manager, gone.destinationId);
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
