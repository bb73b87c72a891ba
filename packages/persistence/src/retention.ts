import type { DataSource, EntityManager } from 'typeorm';
import {
  hasRules,
  type Ids,
  planRetention,
  type RetainableBackup,
  type RetentionDecision,
  retentionTerms,
  type RetentionPolicy,
  type VerificationPolicy,
} from '@holdfast/shared/domain';
import { enter } from './audit/enter.ts';
import { currentTime } from './current-time.ts';
import { isInUse, lockBackups, lockDatabase, markExpired, undoing } from './deletion.ts';
import { isUuid } from './keys.ts';
import { askedOf, isWanting, rank } from './proof.ts';
import type { Retained, RetentionCatalogue, RetentionRepository } from './repositories/index.ts';

/** A schedule whose row is locked. */
interface Held {
  id: string;
  databaseId: string;
  retention: RetentionPolicy;
  timezone: string;
  verification: VerificationPolicy | null;
}

interface Plan {
  decisions: RetentionDecision[];
  /** To be marked. */
  expiries: { id: string; reason: string }[];
  /** Marked by the policy at an earlier time, and kept by now. */
  kept: string[];
}

export class Retention implements RetentionRepository {
  readonly #dataSource: DataSource;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids) {
    this.#dataSource = dataSource;
    this.#ids = ids;
  }

  async catalogue(scheduleId: string): Promise<RetentionCatalogue> {
    const { manager } = this.#dataSource;
    if (!isUuid(scheduleId)) return { backups: [], expiring: new Set(), now: await currentTime(manager) };
    return await read(manager, scheduleId);
  }

  async applyDue(limit: number, againSeconds: number, graceSeconds: number): Promise<Retained[]> {
    const { manager } = this.#dataSource;
    const due = await manager.query<{ id: string }[]>(
      `select s.id from holdfast.schedules s where ${isDue('$1')}
       order by s.retention_checked_at nulls first, s.id limit $2`,
      [againSeconds, limit],
    );
    const applied: Retained[] = [];
    const failures: unknown[] = [];
    for (const { id } of due) {
      try {
        const done = await this.#dataSource.transaction(async (within) => {
          const schedule = await lockDue(within, id, againSeconds);
          const one = schedule && (await apply(within, schedule, graceSeconds));
          if (one) await this.#record(within, one);
          return one ?? null;
        });
        if (done) applied.push(done);
      } catch (error) {
        failures.push(error);
        // Its turn comes again with the others', and not at once.
        await checked(manager, id, 'clock_timestamp()');
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} policies could not be applied.`);
    return applied;
  }

  /** In the audit log too, whose lock comes last. */
  async #record(manager: EntityManager, { scheduleId, marked, takenBack }: Retained): Promise<void> {
    const changes = [
      ...marked.map(({ id, reason }) => ({
        id,
        action: 'backup.delete',
        details: { schedule_id: scheduleId, reason },
      })),
      ...takenBack.map((id) => ({ id, action: 'backup.undelete', details: { schedule_id: scheduleId } })),
    ];
    if (changes.length === 0) return;
    await manager.query(
      enter(`
        select w.account_id, change.entry, 'system', null, 'retention', change.action, 'done',
          'backup', w.id, w.name, null, null, change.details
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) change (entry, backup_id, action, details)
        join holdfast.backups w on w.id = change.backup_id order by change.entry`),
      [
        changes.map(() => this.#ids.uuid()),
        changes.map(({ id }) => id),
        changes.map(({ action }) => action),
        changes.map(({ details }) => JSON.stringify(details)),
      ],
    );
  }
}

/**
 * Whether it is the turn of the policy of the schedule `s`. Where the last rule was taken away, one more turn makes up for
 * what the policy had begun.
 */
const isDue = (againSeconds: string): string => `case when s.retention_checked_at is null
  then s.retention <> '{}'
  else s.retention_checked_at <= now() - make_interval(secs => ${againSeconds})
    or s.updated_at > s.retention_checked_at
    or exists (
      select from holdfast.backups w
      where w.schedule_id = s.id and w.status = 'done' and w.completed_at > s.retention_checked_at)
  end`;

/** Locks a schedule whose turn it still is, unless somebody else has it. */
async function lockDue(manager: EntityManager, id: string, againSeconds: number): Promise<Held | undefined> {
  const [held] = await manager.query<Held[]>(
    `select s.id, s.database_id as "databaseId", s.retention, s.timezone, s.verification
     from holdfast.schedules s where s.id = $1 and ${isDue('$2')} for no key update of s skip locked`,
    [id, againSeconds],
  );
  return held;
}

async function apply(manager: EntityManager, schedule: Held, graceSeconds: number): Promise<Retained> {
  let plan = await decide(manager, schedule);
  let marked: string[] = [];
  let takenBack: string[] = [];
  if (plan.expiries.length + plan.kept.length > 0) {
    // Whoever lets a backup of the database go holds this lock: what is read again now stays true of that.
    await lockDatabase(manager, schedule.databaseId);
    plan = await decide(manager, schedule);
    await lockBackups(manager, [...plan.kept, ...plan.expiries.map(({ id }) => id)]);
    takenBack = await takeBack(manager, plan.kept);
    marked = await markExpired(manager, schedule.databaseId, plan.expiries, graceSeconds);
  }
  await setExpiries(manager, plan.decisions);
  await checked(manager, schedule.id, hasRules(schedule.retention) ? 'now()' : 'null');
  return { scheduleId: schedule.id, marked: plan.expiries.filter(({ id }) => marked.includes(id)), takenBack };
}

async function decide(manager: EntityManager, schedule: Held): Promise<Plan> {
  const { backups, expiring, now } = await read(manager, schedule.id);
  const decisions = planRetention(retentionTerms(schedule), backups, now);
  const plan: Plan = { decisions, expiries: [], kept: [] };
  for (const decision of decisions) {
    const { id, action } = decision;
    if (action === 'keep' && expiring.has(id)) plan.kept.push(id);
    if (action === 'delete' && !expiring.has(id)) plan.expiries.push({ id, reason: decision.reasons[0].message });
  }
  return plan;
}

async function read(manager: EntityManager, scheduleId: string): Promise<RetentionCatalogue> {
  const rows = await manager.query<(RetainableBackup & { expiring: boolean })[]>(
    `select w.id, coalesce(a.started_at, w.started_at, w.created_at) as at, w.status,
       w.damaged_at is not null as damaged,
       ${rank('w.verified_level')} >= coalesce(nullif(${askedOf('w')}, 0), ${rank(`'readable'`)}) as verified,
       ${isWanting('w')} as wanting, w.locked_at is not null as locked, w.object_locked_until as "objectLockedUntil",
       ${isInUse('w')} as "inUse",
       w.deletion_requested_at is not null and w.deletion_reason is null as marked,
       w.deletion_requested_at is not null and w.deletion_reason is not null as expiring
     from holdfast.backups w
     left join holdfast.backup_attempts a on a.backup_id = w.id and a.settled
     where w.schedule_id = $1 and w.deletion_begun_at is null`,
    [scheduleId],
  );
  const expiring = new Set(rows.filter((row) => row.expiring).map(({ id }) => id));
  return { backups: rows, expiring, now: await currentTime(manager) };
}

async function takeBack(manager: EntityManager, ids: readonly string[]): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `with changed as (
      update holdfast.backups w set ${undoing.set}
      where w.id = any ($1::uuid[]) and ${undoing.where} and w.deletion_reason is not null
      returning w.id
    ) select id from changed`,
    [ids],
  );
  return rows.map(({ id }) => id);
}

async function setExpiries(manager: EntityManager, decisions: readonly RetentionDecision[]): Promise<void> {
  await manager.query(
    `update holdfast.backups w set expires_at = decided.at
     from unnest($1::uuid[], $2::timestamptz[]) decided (id, at)
     where w.id = decided.id and w.expires_at is distinct from decided.at`,
    [decisions.map(({ id }) => id), decisions.map(({ expiresAt }) => expiresAt)],
  );
}

async function checked(manager: EntityManager, id: string, at: string): Promise<void> {
  await manager.query(`update holdfast.schedules set retention_checked_at = ${at} where id = $1`, [id]);
}
