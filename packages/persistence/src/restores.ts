import { In, type DataSource, type EntityManager } from 'typeorm';
import type { Ids, Limits, Restore, RestoreAttempt, RestorePace } from '@holdfast/shared/domain';
import { removeEmptyDestination } from './deletion.ts';
import { restoreAttemptEntity, restoreEntity } from './entities/restores.ts';
import { newAttempt } from './entities/work.ts';
import { isFormerDue, isUnheardFormerKept, undoRefusal } from './former.ts';
import { isRowNumber, isUuid } from './keys.ts';
import { insertRestore } from './new-restore.ts';
import type { NewRestore, NewUndo, RestoreRepository, UndoRefusal } from './repositories/index.ts';
import { WorkTable, type WorkKind } from './work.ts';

const kind: WorkKind<Restore> = {
  table: 'holdfast.restores',
  entity: restoreEntity,
  destination: null,
  yieldsTo: [],
  // A dump of a database that is swapped away in its middle would be of neither content.
  // Of a whole server the roles come first, and whatever came of that the rest goes on.
  free: `(w.target ->> 'mode' = 'new_database'
    or w.database_id not in (select database_id from holdfast.backups where status = 'pending'))
    and not exists (
      select from holdfast.restores before where before.id = w.after_restore_id and before.status in ('scheduled', 'pending'))`,
  // `create` lets only one wait or run for each target.
  first: 'true',
  classes: ['true'],
  place: (row) => `${row}.created_at`,
  turnAt: 'restores_turn_at',
  oneOf: 'w.id',
  runningKey: null,
  began: async (manager, restore) => {
    await manager.insert(restoreAttemptEntity, {
      restoreId: restore.id,
      ...newAttempt(restore),
    });
  },
  attempts: { table: 'holdfast.restore_attempts', of: 'restore_id' },
  engine: 'select d.type from holdfast.databases d where d.id = w.database_id',
  // Each attempt begins by removing what those before it left.
  further: `, cleaned as (
    update holdfast.restore_attempts a set swept_at = clock_timestamp() from changed
    where a.restore_id = changed.id and changed.status = 'done' and a.attempt < changed.attempt and a.swept_at is null)`,
};

/** The restores of which something may be beside their targets: parts of failed ones, old content of those in place. */
const mayHaveLeft = (w: string): string =>
  `${w}.server_id is null and (${w}.status = 'error' or (${w}.status = 'done' and ${w}.target ->> 'mode' = 'in_place'))`;

/** How many of the newest restores tell how fast the next one may go. */
const pacesLooked = 9;

export class Restores extends WorkTable<Restore> implements RestoreRepository {
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids, limits: Limits) {
    super(dataSource, kind, limits);
    this.#ids = ids;
  }

  async create(wanted: NewRestore): Promise<Restore | 'busy' | null> {
    if (!isUuid(wanted.backupId) || !isUuid(wanted.databaseId)) return null;
    return await this.dataSource.transaction((manager) => this.#create(manager, wanted));
  }

  async #create(manager: EntityManager, wanted: NewRestore): Promise<Restore | 'busy' | null> {
    // Locked against a deletion of the backup at the same moment.
    const [source] = await manager.query<{ accountId: number }[]>(
      `select b.account_id as "accountId"
       from holdfast.backups b join holdfast.databases d on d.account_id = b.account_id
       where b.id = $1 and d.id = $2 and b.deletion_requested_at is null for key share of b`,
      [wanted.backupId, wanted.databaseId],
    );
    return source ? await insertRestore(manager, this.#ids, { ...wanted, ...source }) : null;
  }

  async createUndo(wanted: NewUndo): Promise<Restore | UndoRefusal | null> {
    const { accountId, databaseId, restoreId, id } = wanted;
    if (!isUuid(databaseId) || !isUuid(restoreId)) return null;
    return await this.dataSource.transaction(async (manager) => {
      const made = id === undefined ? null : await this.read(manager, id);
      if (made) return made;
      // Against a dropping of the former content at the same moment: it is seen by the statement after this one.
      const locked = await manager.query<unknown[]>(
        `select from holdfast.restores where id = $1 and account_id = $2 and database_id = $3 for no key update`,
        [restoreId, accountId, databaseId],
      );
      if (locked.length === 0) return null;
      const [undone] = await manager.query<
        (Pick<Restore, 'backupId' | 'ownership'> & { refusal: UndoRefusal | null })[]
      >(
        `select w.backup_id as "backupId", w.ownership, ${undoRefusal('w')} as refusal
         from holdfast.restores w where w.id = $1`,
        [restoreId],
      );
      if (!undone) return null;
      const { refusal, ...source } = undone;
      if (refusal !== null) return refusal;
      const target = { mode: 'undo', restoreId } as const;
      return await insertRestore(manager, this.#ids, { ...wanted, ...source, target, fileIds: null });
    });
  }

  async findOwned(accountId: number, id: string): Promise<Restore | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.manager.findOneBy(restoreEntity, { accountId, id });
  }

  async listOfDatabase(databaseId: string, limit: number): Promise<Restore[]> {
    if (!isUuid(databaseId)) return [];
    const { manager } = this.dataSource;
    const newest = await manager.query<{ id: string }[]>(
      `select id from (
         select id, created_at from holdfast.restores where database_id = $1
         union
         select r.id, r.created_at from holdfast.backups b join holdfast.restores r on r.backup_id = b.id
         where b.database_id = $1) of_database
       order by created_at desc, id desc limit $2`,
      [databaseId, limit],
    );
    return await manager.find(restoreEntity, {
      where: { id: In(newest.map(({ id }) => id)) },
      order: { createdAt: 'DESC', id: 'DESC' },
    });
  }

  async findRunningOfServer(serverId: number, backupId: string): Promise<Restore | null> {
    if (!isRowNumber(serverId) || !isUuid(backupId)) return null;
    const where = { serverId, backupId, status: 'pending' } as const;
    return await this.dataSource.manager.findOne(restoreEntity, { where, order: { startedAt: 'ASC' } });
  }

  async takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<RestoreAttempt[]> {
    return await this.dataSource.query<RestoreAttempt[]>(
      `with candidates as (
        select a.restore_id, a.attempt, a.ended_at as since from holdfast.restore_attempts a
        join holdfast.restores w on w.id = a.restore_id and w.attempt = a.attempt
        where a.swept_at is null and a.ended_at <= now() - make_interval(secs => $2) and ${mayHaveLeft('w')}
        union all
        select w.id, w.attempt, w.former_until from holdfast.restores w where ${isFormerDue('w', 'now()')}
      ), due as (
        select a.restore_id, a.attempt from holdfast.restore_attempts a
        join (select restore_id, attempt, max(since) as since from candidates group by restore_id, attempt) c
          on c.restore_id = a.restore_id and c.attempt = a.attempt
        where a.rung_at is null or a.rung_at <= now() - greatest(make_interval(secs => $3), (now() - c.since) / 4)
        order by c.since limit $1 for update of a skip locked
      ), rung as (
        update holdfast.restore_attempts a set rung_at = clock_timestamp() from due
        where a.restore_id = due.restore_id and a.attempt = due.attempt
        returning a.restore_id as "restoreId", a.attempt, a.worker, a.started_at as "startedAt", a.ended_at as "endedAt",
          a.settled, a.bytes::double precision as bytes, a.error, a.swept_at as "sweptAt"
      ) select * from rung`,
      [limit, delaySeconds, ringAgainSeconds],
    );
  }

  async mayDropFormer(restoreId: string): Promise<boolean> {
    if (!isUuid(restoreId)) return false;
    return await this.dataSource.transaction(async (manager) => {
      // An undoing that is just being asked for is seen by the statement after this one.
      await manager.query('select from holdfast.restores where id = $1 for no key update', [restoreId]);
      const due = await manager.query<unknown[]>(
        `select from holdfast.restores w where w.id = $1 and w.target ->> 'mode' = 'in_place'
          and (${isFormerDue('w')} or w.status = 'error' and not ${isUnheardFormerKept('w')})`,
        [restoreId],
      );
      return due.length > 0;
    });
  }

  async markFormerDropped(restoreId: string): Promise<void> {
    if (!isUuid(restoreId)) return;
    await this.dataSource.transaction(async (manager) => {
      const [dropped] = await manager.query<{ destinationId: number }[]>(
        `with dropped as (
          update holdfast.restores w set former = null, former_until = null where w.id = $1 and ${isFormerDue('w')}
          returning w.backup_id
        ) select b.destination_id as "destinationId" from dropped join holdfast.backups b on b.id = dropped.backup_id`,
        [restoreId],
      );
      if (dropped) await removeEmptyDestination(manager, dropped.destinationId);
    });
  }

  async markSwept(restoreId: string): Promise<void> {
    await this.dataSource.query(
      `update holdfast.restore_attempts a set swept_at = coalesce(a.swept_at, clock_timestamp())
       from holdfast.restores w where w.id = a.restore_id and w.id = $1 and ${mayHaveLeft('w')}
         and not ${isUnheardFormerKept('w')} and a.ended_at is not null`,
      [restoreId],
    );
  }

  async notePart(id: string, attempt: number, done: string): Promise<void> {
    if (!isUuid(id)) return;
    await this.dataSource.query(
      `update holdfast.restores set outcome = $3 where id = $1 and attempt = $2 and status = 'pending'`,
      [id, attempt, done],
    );
  }

  async settle(id: string, attempt: number, outcome: string, bytes?: number, former?: string | null): Promise<boolean> {
    // All of it was handed over, whatever the last heartbeat knew.
    const set = `outcome = $3, progress_bytes = coalesce($4, w.estimated_bytes, w.progress_bytes), former = $5::text,
      former_until = case when $5::text is not null then clock_timestamp() + make_interval(hours => w.keep_hours) end`;
    const parameters = [outcome, bytes ?? null, former ?? null];
    return await this.settleAs(this.dataSource.manager, id, attempt, { set, parameters });
  }

  async pacesFor(databaseId: string): Promise<{ database: RestorePace[]; account: RestorePace[] }> {
    if (!isUuid(databaseId)) return { database: [], account: [] };
    const newest = (of: string): Promise<RestorePace[]> =>
      this.dataSource.query<RestorePace[]>(
        `select a.bytes::double precision as bytes, extract(epoch from a.ended_at - a.started_at)::double precision as seconds
         from holdfast.databases own join holdfast.restores w on ${of}
         join holdfast.restore_attempts a on a.restore_id = w.id and a.settled
         join holdfast.databases d on d.id = w.database_id and d.type = own.type
         where own.id = $1 and w.status = 'done' and w.selection is null and w.server_id is null
           and w.target ->> 'mode' <> 'undo' and a.bytes > 0
         order by a.ended_at desc limit ${pacesLooked}`,
        [databaseId],
      );
    const [database, account] = await Promise.all([
      newest('w.database_id = own.id'),
      newest('w.account_id = own.account_id'),
    ]);
    return { database, account };
  }
}
