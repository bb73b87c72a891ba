import type { DataSource, EntityManager } from 'typeorm';
import {
  proofAfter,
  type Backup,
  type Damage,
  type DamageFinder,
  type Ids,
  type Limits,
  type Proof,
  type Verdict,
  type Verification,
  type VerificationAttempt,
} from '@holdfast/shared/domain';
import { backupEntity } from './entities/backups.ts';
import { verificationAttemptEntity, verificationEntity } from './entities/verifications.ts';
import { newAttempt } from './entities/work.ts';
import { isUuid } from './keys.ts';
import { lockOrder } from './limits.ts';
import { insertVerification } from './new-verification.ts';
import type { NewVerification, VerificationRepository } from './repositories/index.ts';
import { plannedByPolicies, plannedRechecks } from './verification-plan.ts';
import { storable, WorkTable, type WorkKind } from './work.ts';

/** What somebody asked for goes before what policies ask for, and that before looking again; none waits for ever. */
const place = (row: string): string =>
  `${row}.created_at - case ${row}.cause when 'manual' then interval '24 hours' when 'policy' then interval '0' else interval '-24 hours' end`;

/** The verifications that make a scratch database. */
const makesScratch = (w: string): string => `${w}.level in ('restorable', 'identical')`;

const kind: WorkKind<Verification> = {
  table: 'holdfast.verifications',
  entity: verificationEntity,
  destination: null,
  yieldsTo: ['holdfast.restores', 'holdfast.backups'],
  free: 'true',
  // `create` lets only one wait or run for each backup.
  first: 'true',
  classes: [`w.cause = 'manual'`, `w.cause = 'policy'`, `w.cause = 'recheck'`],
  place,
  turnAt: 'verifications_turn_at',
  oneOf: 'w.id',
  runningKey: null,
  began: async (manager, verification) => {
    await manager.insert(verificationAttemptEntity, {
      verificationId: verification.id,
      ...newAttempt(verification),
    });
  },
  attempts: { table: 'holdfast.verification_attempts', of: 'verification_id' },
  engine: 'select b.engine from holdfast.backups b where b.id = w.backup_id',
  further: '',
};

export class Verifications extends WorkTable<Verification> implements VerificationRepository {
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids, limits: Limits) {
    super(dataSource, kind, limits);
    this.#ids = ids;
  }

  async create(wanted: NewVerification): Promise<Verification | 'busy' | 'not_done' | null> {
    const { id, backupId, scratchDatabaseId } = wanted;
    if (!isUuid(backupId) || (scratchDatabaseId !== null && !isUuid(scratchDatabaseId))) return null;
    return await this.dataSource.transaction(async (manager) => {
      const made = await insertVerification(manager, { ...wanted, id: id ?? this.#ids.uuid() });
      if (made !== 'busy') return made;
      return (id === undefined ? null : await this.read(manager, id)) ?? 'busy';
    });
  }

  async findOwned(accountId: number, id: string): Promise<Verification | null> {
    if (!isUuid(id)) return null;
    return await this.dataSource.manager.findOneBy(verificationEntity, { accountId, id });
  }

  async listOfBackup(backupId: string): Promise<Verification[]> {
    if (!isUuid(backupId)) return [];
    return await this.dataSource.manager.find(verificationEntity, {
      where: { backupId },
      order: { createdAt: 'DESC', id: 'DESC' },
    });
  }

  async listOfDatabase(databaseId: string, limit: number): Promise<Verification[]> {
    if (!isUuid(databaseId)) return [];
    return await this.dataSource.manager
      .createQueryBuilder(verificationEntity, 'v')
      .where(
        `v.backup_id in (
           select b.id from holdfast.backups b where b.database_id = :databaseId and b.deletion_requested_at is null)`,
        { databaseId },
      )
      .orderBy({ 'v.createdAt': 'DESC', 'v.id': 'DESC' })
      .limit(limit)
      .getMany();
  }

  async settle(id: string, attempt: number, verdict: Verdict, bytes?: number): Promise<boolean> {
    const found = await this.find(id);
    if (!found) return false;
    return await this.dataSource.transaction(async (manager) => {
      // The backup before the verification, as whoever deletes it does.
      const backup = await manager.findOneOrFail(backupEntity, {
        where: { id: found.backupId },
        lock: { mode: 'for_no_key_update' },
      });
      const settled = await this.settleAs(manager, id, attempt, {
        set: 'reached = $3, findings = $4::jsonb, progress_bytes = coalesce($5, w.progress_bytes)',
        parameters: [verdict.reached, JSON.stringify(verdict.findings.map(storable)), bytes ?? null],
      });
      if (settled) await judge(manager, backup, verdict);
      return settled;
    });
  }

  async plan(limit: number, recheckSeconds: number, maxFailures: number): Promise<number> {
    return await this.dataSource.transaction(async (manager) => {
      if (!(await lockOrder(manager, 'plan of verifications'))) return 0;
      const wanted = await plannedByPolicies(manager, limit);
      wanted.push(...(await plannedRechecks(manager, limit - wanted.length, recheckSeconds)));
      let planned = 0;
      for (const one of wanted) {
        const more = { id: this.#ids.uuid(), requestId: null, maxFailures };
        const made = await insertVerification(manager, { ...one, ...more });
        if (typeof made === 'object' && made !== null) planned += 1;
      }
      return planned;
    });
  }

  async takeSweepable(limit: number, delaySeconds: number, ringAgainSeconds: number): Promise<VerificationAttempt[]> {
    await this.dataSource.query(
      `update holdfast.verification_attempts a set swept_at = clock_timestamp() from holdfast.verifications w
       where w.id = a.verification_id and a.swept_at is null and a.ended_at is not null and not ${makesScratch('w')}`,
    );
    return await this.dataSource.query<VerificationAttempt[]>(
      `with due as (
        select a.verification_id, a.attempt from holdfast.verification_attempts a
        join holdfast.verifications w on w.id = a.verification_id and w.attempt = a.attempt
        where a.swept_at is null and a.ended_at <= now() - make_interval(secs => $2) and w.status in ('done', 'error')
          and (a.rung_at is null or a.rung_at <= now() - greatest(make_interval(secs => $3), (now() - a.ended_at) / 4))
        order by a.ended_at limit $1 for update of a skip locked
      ), rung as (
        update holdfast.verification_attempts a set rung_at = clock_timestamp() from due
        where a.verification_id = due.verification_id and a.attempt = due.attempt
        returning a.verification_id as "verificationId", a.attempt, a.worker, a.started_at as "startedAt",
          a.ended_at as "endedAt", a.settled, a.bytes::double precision as bytes, a.error, a.swept_at as "sweptAt"
      ) select * from rung`,
      [limit, delaySeconds, ringAgainSeconds],
    );
  }

  async markSwept(verificationId: string): Promise<void> {
    if (!isUuid(verificationId)) return;
    await this.dataSource.query(
      `update holdfast.verification_attempts a set swept_at = coalesce(a.swept_at, clock_timestamp())
       from holdfast.verifications w
       where w.id = a.verification_id and w.id = $1 and w.status in ('done', 'error') and a.ended_at is not null`,
      [verificationId],
    );
  }
}

/** Records what a verdict says of the backup, unless its objects are being removed. */
async function judge(manager: EntityManager, backup: Backup, { reached, damage }: Verdict): Promise<void> {
  const before: Proof = { level: backup.verifiedLevel, isDamaged: backup.damagedAt !== null };
  const after = proofAfter(before, { level: reached, isDamaged: damage !== null });
  await manager.query(
    `update holdfast.backups w set verified_at = clock_timestamp(), verified_level = $2,
       damaged_at = case when $3 then coalesce(w.damaged_at, clock_timestamp()) end,
       damage = case when $3 then coalesce($4::jsonb, w.damage) end
     where w.id = $1 and w.deletion_begun_at is null`,
    [backup.id, after.level, after.isDamaged, damage && JSON.stringify(foundDamage(damage))],
  );
}

function foundDamage({ state, detail }: Damage): Damage & { by: DamageFinder } {
  return { state, detail: detail.replaceAll('\0', '').toWellFormed(), by: 'verification' };
}
