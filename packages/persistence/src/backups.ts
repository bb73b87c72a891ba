import { In, IsNull, Not, type DataSource, type EntityManager } from 'typeorm';
import {
  attemptPrefix,
  type Backup,
  type BackupAttempt,
  type BackupFile,
  type Damage,
  type DamageFinder,
  type Deletion,
  type Ids,
  type Limits,
  type PublicError,
  sizesOf,
} from '@holdfast/shared/domain';
import { backupAttemptEntity, backupEntity, backupFileEntity } from './entities/backups.ts';
import { newAttempt } from './entities/work.ts';
import { isRowNumber, isUuid } from './keys.ts';
import { insertBackup } from './new-backup.ts';
import { beginRemoval, markOnRequest, removeEmptyDestination, undoing, unswept } from './deletion.ts';
import { foundByVerification } from './proof.ts';
import { deletionsOf } from './deletions.ts';
import { endSlots } from './end-slots.ts';
import type {
  BackupRepository,
  BackupResult,
  DeletionAnswer,
  DeletionRequest,
  NewBackup,
} from './repositories/index.ts';
import { storable, WorkTable, type WorkKind } from './work.ts';

/** What somebody asked for goes before every periodic backup that has not waited a day; so none waits for ever. */
const place = (row: string): string =>
  `${row}.created_at - case ${row}.method when 'manual' then interval '24 hours' else interval '0' end`;

const kind: WorkKind<Backup> = {
  table: 'holdfast.backups',
  entity: backupEntity,
  destination: 'destination_id',
  yieldsTo: ['holdfast.restores'],
  // One at a time for each database, and none while its content is being replaced or about to be.
  free: `w.database_id not in (
    select database_id from holdfast.backups where status = 'pending'
    union all
    select database_id from holdfast.restores where target ->> 'mode' <> 'new_database'
      and (status = 'pending' or status = 'scheduled' and run_after <= now()))`,
  first: `not exists (
    select from holdfast.backups other
    where other.database_id = w.database_id and other.status = 'scheduled' and other.run_after <= now()
      and (${place('other')}, other.id) < (${place('w')}, w.id))`,
  classes: [`w.method = 'manual'`, `w.method = 'periodic'`],
  place,
  turnAt: 'backups_turn_at',
  oneOf: 'w.database_id',
  runningKey: 'backups_running_key',
  began: async (manager, backup) => {
    await manager.insert(backupAttemptEntity, {
      backupId: backup.id,
      destinationId: backup.destinationId,
      prefix: attemptPrefix(backup, backup.attempt),
      ...newAttempt(backup),
    });
  },
  attempts: { table: 'holdfast.backup_attempts', of: 'backup_id' },
  engine: 'w.engine',
  // The slot of a schedule ends as its backup does, in the same statement.
  further: endSlots,
};

/** The attempt `a` of the failed remote backup `w` whose objects nobody has begun to remove. */
const revivable = `
  a.backup_id = w.id and w.status = 'error' and w.server_id is not null and w.deletion_requested_at is null
  and w.cancel_requested_at is null
  and not a.settled and a.ended_at is not null and a.rung_at is null and a.swept_at is null`;

/** Removals that fail are tried again at least this often. */
const longestBackoffSeconds = 6 * 3600;

/** The columns of an attempt by the names of the domain. */
const attemptColumns = `
  a.backup_id as "backupId", a.attempt, a.destination_id as "destinationId", a.prefix, a.worker,
  a.started_at as "startedAt", a.ended_at as "endedAt", a.settled, a.bytes::double precision as bytes, a.error, a.swept_at as "sweptAt"`;

/** Nobody sees a backup that somebody asked to delete. */
const shown = { deletionRequestedAt: IsNull() };

export class Backups extends WorkTable<Backup> implements BackupRepository {
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids, limits: Limits) {
    super(dataSource, kind, limits);
    this.#ids = ids;
  }

  async create(backup: NewBackup): Promise<Backup | null> {
    if (!isUuid(backup.databaseId)) return null;
    if (backup.destinationId !== null && !isRowNumber(backup.destinationId)) return null;
    return await insertBackup(this.dataSource.manager, this.#ids, { ...backup, tick: null });
  }

  async listOfDatabase(databaseId: string, page?: { limit: number; before: string | null }): Promise<Backup[]> {
    const { limit, before = null } = page ?? {};
    if (!isUuid(databaseId) || (before !== null && !isUuid(before))) return [];
    const rows = this.dataSource.manager
      .createQueryBuilder(backupEntity, 'b')
      .where({ databaseId, ...shown })
      .orderBy({ 'b.createdAt': 'DESC', 'b.id': 'DESC' });
    // By the row itself: its moment has more digits than the one that clients see.
    if (before !== null) {
      rows.andWhere(
        `(b.created_at, b.id) < (
           select last.created_at, last.id from holdfast.backups last where last.id = :before and last.database_id = :databaseId)`,
        { before, databaseId },
      );
    }
    return await rows.limit(limit).getMany();
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
    { files, manifestKey, manifestSha256, recipients, objectLockedUntil, warnings = [], part }: BackupResult,
    where?: string,
  ): Promise<boolean> {
    const { size, plainSize } = sizesOf(files);
    const settled = await this.settleAs(manager, id, attempt, {
      set: `size = $3, manifest_key = $4, progress_bytes = $5, manifest_sha256 = $6, recipients = $7,
        object_locked_until = $8, warnings = $9, part = $10, verified_level = 'stored'`,
      parameters: [
        size,
        manifestKey,
        plainSize,
        manifestSha256 ?? null,
        recipients ?? null,
        objectLockedUntil ?? null,
        JSON.stringify(warnings),
        part ? JSON.stringify(part) : null,
      ],
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

  async requestDeletion(accountId: number, id: string, request: DeletionRequest): Promise<DeletionAnswer | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.transaction((manager) => markOnRequest(manager, accountId, id, request));
  }

  async undelete(accountId: number, databaseId: string, id: string): Promise<Backup | 'too_late' | null> {
    if (!isUuid(id) || !isUuid(databaseId)) return null;
    const { manager } = this.dataSource;
    // What a policy let go would be let go again: whoever takes it back wants it to stay.
    await manager.query(
      `update holdfast.backups w set ${undoing.set},
         locked_at = case when w.deletion_reason is not null then clock_timestamp() else w.locked_at end
       where w.account_id = $1 and w.database_id = $2 and w.id = $3 and ${undoing.where}`,
      [accountId, databaseId, id],
    );
    const backup = await manager.findOneBy(backupEntity, { accountId, databaseId, id });
    return backup?.deletionRequestedAt ? 'too_late' : backup;
  }

  async deletionsOf(databaseId: string, limit: number): Promise<Deletion[]> {
    return isUuid(databaseId) ? await deletionsOf(this.dataSource.manager, databaseId, limit) : [];
  }

  async takeDeletable(limit: number, ringAgainSeconds: number): Promise<Pick<Backup, 'id' | 'requestId'>[]> {
    return await this.dataSource.query<Pick<Backup, 'id' | 'requestId'>[]>(
      `with due as (
        select w.id from holdfast.backups w
        where deletion_requested_at is not null and deletion_due_at <= now() and deleted_at is null
          and not exists (${unswept})
          and (deletion_rung_at is null or deletion_rung_at <= now() - make_interval(secs =>
            least($2 * power(2, greatest(least(deletion_failures, 30) - 1, 0)), greatest($2, ${longestBackoffSeconds}))))
        order by deletion_due_at, w.id limit $1 for update of w skip locked
      ), rung as (
        update holdfast.backups w set deletion_rung_at = clock_timestamp() from due where w.id = due.id
        returning w.id, w.deletion_request_id as "requestId"
      ) select * from rung`,
      [limit, ringAgainSeconds],
    );
  }

  async beginRemoval(id: string): Promise<'begun' | 'spared' | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.transaction((manager) => beginRemoval(manager, id));
  }

  async findDeletable(id: string): Promise<{ backup: Backup; attempts: BackupAttempt[] } | null> {
    if (!isUuid(id)) return null;
    const { manager } = this.dataSource;
    const where = { id, deletionRequestedAt: Not(IsNull()), deletedAt: IsNull() };
    const backup = await manager.findOneBy(backupEntity, where);
    return backup && { backup, attempts: await manager.findBy(backupAttemptEntity, { backupId: id }) };
  }

  async deletionFailed(id: string, error: PublicError): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.query(
      `update holdfast.backups set deletion_error = $2::jsonb, deletion_failures = deletion_failures + 1
       where id = $1 and deletion_requested_at is not null and deleted_at is null`,
      [id, JSON.stringify(storable(error))],
    );
  }

  async postponeRemoval(id: string, until: Date): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.query(
      `update holdfast.backups set object_locked_until = greatest(object_locked_until, $2), deletion_due_at = $2,
         deletion_rung_at = null, deletion_error = null, deletion_failures = 0
       where id = $1 and deletion_requested_at is not null and deleted_at is null`,
      [id, until],
    );
  }

  async markDeleted(id: string): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.transaction(async (manager) => {
      const [gone] = await manager.query<{ destinationId: number }[]>(
        `with gone as (
          update holdfast.backups set deleted_at = clock_timestamp(), deletion_error = null
          where id = $1 and deletion_begun_at is not null and deleted_at is null
          returning destination_id
        ) select destination_id as "destinationId" from gone`,
        [id],
      );
      if (gone) await removeEmptyDestination(manager, gone.destinationId);
    });
  }

  async markDamaged(id: string, { state, detail }: Damage, by: DamageFinder = 'look'): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.query(
      `update holdfast.backups w set
         damaged_at = coalesce(damaged_at, clock_timestamp()), damage = $2::jsonb, verified_level = null
       where id = $1 and status = 'done' and deletion_begun_at is null and not ${foundByVerification('w')}`,
      [id, JSON.stringify({ state, detail, by })],
    );
  }

  async clearDamage(id: string): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.query(
      `update holdfast.backups w set damaged_at = null, damage = null, verified_at = null
       where id = $1 and damaged_at is not null and not ${foundByVerification('w')}`,
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

  async postponeSweep(backupId: string, attempt: number, until: Date): Promise<void> {
    // A ring of that time: the next one comes when it is over.
    await this.dataSource.query(
      `update holdfast.backup_attempts set rung_at = $3
       where backup_id = $1 and attempt = $2 and ended_at is not null and not settled and swept_at is null`,
      [backupId, attempt, until],
    );
  }
}
