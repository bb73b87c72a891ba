import type { DataSource } from 'typeorm';
import type {
  ExpectedBackup,
  Orphan,
  PublicError,
  Reconciliation,
  ReconciliationReport,
} from '@holdfast/shared/domain';
import { after } from './current-time.ts';
import { DestinationRuns } from './destination-runs.ts';
import { destinationEntity } from './entities/destinations.ts';
import { orphanEntity, reconciliationEntity } from './entities/reconciliations.ts';
import { isRowNumber } from './keys.ts';
import { foundByVerification } from './proof.ts';
import type {
  DestinationPlace,
  DueRun,
  NamedAttempt,
  FoundOrphan,
  KnownFolder,
  OrphanKey,
  ReconciliationRepository,
} from './repositories/index.ts';
import { storable } from './work.ts';

/** How long what was removed stays in the list. */
const removedDays = 30;

export class Reconciliations extends DestinationRuns implements ReconciliationRepository {
  constructor(dataSource: DataSource) {
    super(dataSource, {
      table: 'holdfast.reconciliations',
      isDue: '(r.requested_at is not null or r.due_at <= clock_timestamp())',
      order: 'r.requested_at nulls last, r.due_at',
    });
  }

  async find(destinationId: number): Promise<Reconciliation | null> {
    if (!isRowNumber(destinationId)) return null;
    return await this.dataSource.manager.findOneBy(reconciliationEntity, { destinationId });
  }

  async request(destinationId: number, requestId: string): Promise<void> {
    await this.dataSource.query(
      `insert into holdfast.reconciliations (destination_id, requested_at, request_id)
       select id, clock_timestamp(), $2 from holdfast.destinations where id = $1
       on conflict (destination_id) do update set requested_at = clock_timestamp(), request_id = $2, rung_at = null`,
      [destinationId, requestId],
    );
  }

  async takeDue(limit: number, periodSeconds: number, ringAgainSeconds: number): Promise<DueRun[]> {
    await this.dataSource.query(
      `insert into holdfast.reconciliations (destination_id, due_at)
       select id, ${after('$1 * random()')} from holdfast.destinations d
       where deletion_requested_at is null
         and not exists (select from holdfast.reconciliations r where r.destination_id = d.id)
       on conflict do nothing`,
      [periodSeconds],
    );
    return await this.ring(limit, ringAgainSeconds);
  }

  async end(
    destinationId: number,
    run: number,
    { report, error }: { report: ReconciliationReport | null; error: PublicError | null },
    againInSeconds: number,
  ): Promise<boolean> {
    return await this.changesRun(
      destinationId,
      run,
      `ended_at = clock_timestamp(), lease_until = null, rung_at = null, due_at = ${after('$3')},
       succeeded_at = case when $4::jsonb is null then r.succeeded_at else clock_timestamp() end,
       report = coalesce($4::jsonb, r.report), error = $5::jsonb,
       requested_at = case when r.requested_at > r.started_at then r.requested_at end,
       request_id = case when r.requested_at > r.started_at then r.request_id end`,
      [againInSeconds, report && JSON.stringify(report), error && JSON.stringify(storable(error))],
    );
  }

  async places(): Promise<DestinationPlace[]> {
    const rows = await this.dataSource.manager.find(destinationEntity, {
      select: { id: true, accountId: true, type: true, settings: true },
    });
    return rows.map(({ id, accountId, type, settings }) => ({ id, accountId, type, settings }) as DestinationPlace);
  }

  async expected(destinationId: number, prefix: string, limit: number): Promise<ExpectedBackup[]> {
    return await this.dataSource.query<ExpectedBackup[]>(
      `select b.id, a.prefix, b.completed_at as "completedAt", b.damaged_at is not null and not ${foundByVerification('b')} as damaged,
         (select jsonb_agg(o) from (
           select b.manifest_key as key, null::bigint as size
           union all select f.key, f.size from holdfast.backup_files f where f.backup_id = b.id) o) as objects
       from holdfast.backup_attempts a join holdfast.backups b on b.id = a.backup_id
       where a.settled and a.destination_id = $1 and a.prefix > $2 and b.status = 'done' and b.deletion_begun_at is null
       order by a.prefix limit $3`,
      [destinationId, prefix, limit],
    );
  }

  async folders(destinationIds: readonly number[], found: readonly NamedAttempt[]): Promise<KnownFolder[]> {
    return await this.dataSource.query<KnownFolder[]>(
      `select a.prefix, a.destination_id as "destinationId", b.account_id as "accountId",
         case
           when b.deleted_at is not null or (not a.settled and a.swept_at is not null) then 'left'
           when a.settled and b.deletion_begun_at is null then 'settled'
           else 'in_use'
         end as fate,
         case when a.settled then array(
           select f.key from holdfast.backup_files f where f.backup_id = b.id union all select b.manifest_key)
         else '{}' end as keys
       from unnest($2::uuid[], $3::integer[]) found (backup_id, attempt)
       join holdfast.backup_attempts a on a.backup_id = found.backup_id and a.attempt = found.attempt
       join holdfast.backups b on b.id = a.backup_id
       where a.destination_id = any ($1::integer[])`,
      [destinationIds, found.map(({ backupId }) => backupId), found.map(({ attempt }) => attempt)],
    );
  }

  async recordOrphans(destinationId: number, found: readonly FoundOrphan[]): Promise<void> {
    const column = <K extends keyof FoundOrphan>(name: K): FoundOrphan[K][] => found.map((orphan) => orphan[name]);
    await this.dataSource.query(
      `insert into holdfast.orphans (destination_id, kind, key, upload_id, size, known)
       select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[])
       on conflict (destination_id, kind, key, upload_id) do update set
         size = excluded.size, known = excluded.known, last_seen_at = clock_timestamp(), removed_at = null`,
      [destinationId, column('kind'), column('key'), column('uploadId'), column('size'), column('known')],
    );
  }

  async forgetOrphans(destinationId: number, run: number): Promise<void> {
    await this.dataSource.query(
      `delete from holdfast.orphans o using holdfast.reconciliations r
       where o.destination_id = $1 and r.destination_id = $1 and r.run = $2 and o.last_seen_at < r.started_at
         and (o.removed_at is null or o.removed_at < now() - interval '${removedDays} days')`,
      [destinationId, run],
    );
  }

  async removableOrphans(
    destinationId: number,
    run: number,
    graceSeconds: number,
    last: OrphanKey | null,
    limit: number,
  ): Promise<Orphan[]> {
    const { kind, key, uploadId } = last ?? { kind: '', key: '', uploadId: '' };
    return await this.dataSource.query<Orphan[]>(
      `select o.destination_id as "destinationId", o.kind, o.key, o.upload_id as "uploadId",
         o.size::double precision as size, o.known, o.first_seen_at as "firstSeenAt", o.last_seen_at as "lastSeenAt",
         o.removed_at as "removedAt"
       from holdfast.orphans o
       join holdfast.reconciliations r on r.destination_id = o.destination_id and r.run = $2
       where o.destination_id = $1 and o.known and o.removed_at is null and o.last_seen_at >= r.started_at
         and o.first_seen_at <= clock_timestamp() - make_interval(secs => $3)
         and (o.kind, o.key, o.upload_id) > ($4, $5, $6)
       order by o.kind, o.key, o.upload_id limit $7`,
      [destinationId, run, graceSeconds, kind, key, uploadId, limit],
    );
  }

  async orphanRemoved(destinationId: number, { kind, key, uploadId }: OrphanKey): Promise<void> {
    const removedAt = () => 'clock_timestamp()';
    await this.dataSource.manager.update(orphanEntity, { destinationId, kind, key, uploadId }, { removedAt });
  }

  async orphans(destinationId: number, limit: number): Promise<Orphan[]> {
    return await this.dataSource.manager.find(orphanEntity, {
      where: { destinationId },
      order: { firstSeenAt: 'DESC', kind: 'ASC', key: 'ASC', uploadId: 'ASC' },
      take: limit,
    });
  }
}
