import type { DataSource, EntityManager } from 'typeorm';
import {
  HoldfastError,
  attemptPrefix,
  type Import,
  type ImportReport,
  type PublicError,
  sizesOf,
} from '@holdfast/shared/domain';
import { violatedConstraint } from './constraints.ts';
import { requireNotRemoved } from './deletion.ts';
import { DestinationRuns } from './destination-runs.ts';
import { backupFileEntity } from './entities/backups.ts';
import { importEntity } from './entities/imports.ts';
import { isRowNumber } from './keys.ts';
import { only } from './only.ts';
import type { DueRun, FoundBackup, ImportRepository, Taken } from './repositories/index.ts';
import { storable } from './work.ts';

const refused = (reason: string): Taken => ({ state: 'refused', reason });
const taken = refused('One of the ids in it is taken by something else, of another backup or not in this account.');

/** What the catalogue has under the id of a found backup. */
interface Present {
  own: boolean;
  deletedAt: Date | null;
  deletionRequestedAt: Date | null;
  manifestKey: string | null;
}

export class Imports extends DestinationRuns implements ImportRepository {
  constructor(dataSource: DataSource) {
    super(dataSource, { table: 'holdfast.imports', isDue: 'r.requested_at is not null', order: 'r.requested_at' });
  }

  async find(destinationId: number): Promise<Import | null> {
    if (!isRowNumber(destinationId)) return null;
    return await this.dataSource.manager.findOneBy(importEntity, { destinationId });
  }

  async request(accountId: number, destinationId: number, requestId: string | null): Promise<Import | null> {
    if (!isRowNumber(destinationId)) return null;
    await this.dataSource.query(
      `insert into holdfast.imports as i (destination_id, requested_at, request_id)
       select id, clock_timestamp(), $3 from holdfast.destinations
       where id = $2 and account_id = $1 and deletion_requested_at is null
       on conflict (destination_id) do update set
         requested_at = coalesce(i.requested_at, excluded.requested_at),
         request_id = case when i.requested_at is null then excluded.request_id else i.request_id end,
         rung_at = null`,
      [accountId, destinationId, requestId],
    );
    return await this.find(destinationId);
  }

  async takeDue(limit: number, ringAgainSeconds: number): Promise<DueRun[]> {
    return await this.ring(limit, ringAgainSeconds);
  }

  async end(
    destinationId: number,
    run: number,
    { report, error }: { report: ImportReport | null; error: PublicError | null },
  ): Promise<boolean> {
    return await this.changesRun(
      destinationId,
      run,
      `ended_at = clock_timestamp(), lease_until = null, rung_at = null, requested_at = null, request_id = null,
       report = coalesce($3::jsonb, r.report), error = $4::jsonb`,
      [report && JSON.stringify(report), error && JSON.stringify(storable(error))],
    );
  }

  async take(destinationId: number, found: FoundBackup): Promise<Taken> {
    try {
      return await this.dataSource.transaction((manager) => takeOne(manager, destinationId, found));
    } catch (error) {
      // Somebody else's file has the id of one of these.
      if (violatedConstraint(error) === 'backup_files_pkey') return taken;
      throw error;
    }
  }
}

async function takeOne(manager: EntityManager, destinationId: number, found: FoundBackup): Promise<Taken> {
  const [place] = await manager.query<{ accountId: number }[]>(
    'select account_id as "accountId" from holdfast.destinations where id = $1',
    [destinationId],
  );
  if (!place) throw new HoldfastError('configuration', 'The destination of this import does not exist any more.');
  const { accountId } = place;
  const before = await present(manager, accountId, found);
  if (before) return before;
  const newDatabase = await takeDatabase(manager, accountId, destinationId, found);
  if (typeof newDatabase !== 'boolean') return newDatabase;
  if (!(await insertBackup(manager, accountId, destinationId, found))) {
    // It came in at the same moment. Nothing of this transaction was needed.
    return (await present(manager, accountId, found)) ?? taken;
  }
  await insertAttempt(manager, destinationId, found);
  await manager.insert(backupFileEntity, found.files);
  await requireNotRemoved(manager, destinationId);
  return { state: 'imported', newDatabase };
}

/** What the catalogue already says of the backup; null: nothing. */
async function present(manager: EntityManager, accountId: number, { backup }: FoundBackup): Promise<Taken | null> {
  const [row] = await manager.query<Present[]>(
    `select account_id = $2 as own, deleted_at as "deletedAt", deletion_requested_at as "deletionRequestedAt",
       manifest_key as "manifestKey" from holdfast.backups where id = $1`,
    [backup.id, accountId],
  );
  if (!row) return null;
  if (!row.own) return taken;
  if (row.deletedAt) return refused(`The backup was deleted at ${row.deletedAt.toISOString()} and stays deleted.`);
  if (row.deletionRequestedAt) {
    return refused('The backup is being deleted: take the deletion back where it is to stay.');
  }
  if (row.manifestKey !== null && row.manifestKey !== backup.manifestKey) {
    return refused(`The catalogue has this backup already, with the manifest ${row.manifestKey}.`);
  }
  return { state: 'known' };
}

/** @returns whether the database is new in the catalogue; or why the backup cannot belong to the one that is there */
async function takeDatabase(
  manager: EntityManager,
  accountId: number,
  destinationId: number,
  { backup, engine, databaseName, database }: FoundBackup,
): Promise<boolean | Taken> {
  for (let turn = 1; ; turn += 1) {
    const [row] = await manager.query<{ own: boolean; type: string }[]>(
      'select account_id = $2 as own, type from holdfast.databases where id = $1',
      [backup.databaseId, accountId],
    );
    if (row && !row.own) return taken;
    if (row && row.type !== engine) {
      return refused(`The catalogue has its database with the type ${row.type}, and the backup is of a ${engine}.`);
    }
    if (row) return false;
    const inserted = await manager.query<unknown[]>(
      `insert into holdfast.databases (id, account_id, name, type, database, options, destination_id)
       values ($1, $2, $3, $4, $5, '{}', $6) on conflict do nothing returning id`,
      [backup.databaseId, accountId, nameOf(databaseName, turn), engine, database, destinationId],
    );
    if (inserted.length > 0) return true;
  }
}

const longestName = 63;

/** Names are unique in an account: of a name that is taken the next one is tried, `shop (2)`, `shop (3)`. */
function nameOf(name: string, turn: number): string {
  if (turn === 1) return name;
  const suffix = ` (${turn})`;
  return (
    Array.from(name)
      .slice(0, longestName - suffix.length)
      .join('') + suffix
  );
}

/** @returns false when one of its id is there by now */
async function insertBackup(
  manager: EntityManager,
  accountId: number,
  destinationId: number,
  { backup, engine, files, damage }: FoundBackup,
): Promise<boolean> {
  const { size, plainSize } = sizesOf(files);
  const rows = await manager.query<unknown[]>(
    `insert into holdfast.backups (
       id, account_id, database_id, destination_id, schedule_id, scheduled_for, method, engine, name, size,
       manifest_key, manifest_sha256, recipients, object_locked_until, imported_at, damaged_at, damage,
       status, attempt, failures, max_failures, run_after, created_at, started_at, completed_at, progress_bytes, warnings, part)
     select $1, $2, $3, $4,
       -- Its tick belongs to it alone.
       (select s.id from holdfast.schedules s where s.id = $5 and s.database_id = $3 and not exists (
          select from holdfast.backups o where o.schedule_id = s.id and o.scheduled_for = $6)),
       $6, $7, $8, $9, $10, $11, $12, $13, $14, clock_timestamp(),
       case when $15::jsonb is not null then clock_timestamp() end, $15,
       'done', $16, 0, 1, $17, $17, $18, $19, $20, $21, $22
     on conflict (id) do nothing returning id`,
    [
      backup.id,
      accountId,
      backup.databaseId,
      destinationId,
      backup.scheduleId,
      backup.scheduledFor,
      backup.method,
      engine,
      backup.name,
      size,
      backup.manifestKey,
      backup.manifestSha256,
      backup.recipients,
      backup.objectLockedUntil,
      damage && JSON.stringify(damage),
      backup.attempt,
      backup.createdAt,
      backup.startedAt,
      backup.completedAt,
      plainSize,
      JSON.stringify(backup.warnings),
      backup.part && JSON.stringify(backup.part),
    ],
  );
  return rows.length > 0;
}

/** With the record of its attempt the objects have an owner: for reconciliation, for the sweep and for deletion. */
async function insertAttempt(
  manager: EntityManager,
  destinationId: number,
  { backup, files }: FoundBackup,
): Promise<void> {
  only(
    await manager.query<unknown[]>(
      `insert into holdfast.backup_attempts
         (backup_id, attempt, destination_id, prefix, worker, started_at, ended_at, settled, bytes)
       values ($1, $2, $3, $4, 'import', $5, $6, true, $7) returning attempt`,
      [
        backup.id,
        backup.attempt,
        destinationId,
        attemptPrefix(backup, backup.attempt),
        backup.startedAt,
        backup.completedAt,
        sizesOf(files).plainSize,
      ],
    ),
  );
}
