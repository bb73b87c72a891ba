import type { DataSource, EntityManager, EntitySchema, FindOptionsWhere } from 'typeorm';
import {
  type ErrorCode,
  HoldfastError,
  type Limits,
  remoteCancelSeconds,
  type WorkAttempt,
  type WorkStatus,
} from '@holdfast/shared/domain';
import { violatedConstraint } from './constraints.ts';
import { after } from './current-time.ts';
import type { Work } from './entities/work.ts';
import { isRowNumber, isUuid } from './keys.ts';
import { fits, isDue, lockOrder, lockRoom } from './limits.ts';
import { takeInOrder, type Ordered } from './order.ts';
import type { Due, Failure, HeartbeatAnswer, Lease, Progress, Reaped, WorkRepository } from './repositories/index.ts';

/** What is particular to one kind of work. SQL in it calls the row `w`. */
export interface WorkKind<T> extends Ordered {
  entity: EntitySchema<T>;
  /** The condition under which no other one of the same `oneOf` goes first. */
  first: string;
  /** The unique index that refuses a second one that runs at the same time, where there is one. */
  runningKey: string | null;
  /** Runs in the claim's transaction, before the caller knows that the work is its. */
  began(manager: EntityManager, work: T): Promise<void>;
  /** The table of the attempts, and its column that names the work. */
  attempts: { table: string; of: string };
  /** The kind of database that it takes to know, as an expression. */
  engine: string;
  /** Further `with` queries on every change of state, over the rows in `changed`. */
  further: string;
}

/** An attempt of the row that `where` names; the parameters begin with the owner and the seconds of the lease. */
interface Beginning {
  set: string;
  where: string;
  parameters: unknown[];
}

interface Changed {
  id: string;
  attempt: number;
  status: WorkStatus;
}

/**
 * How long work that a worker does not know waits until it is rung for again: soon enough for the workers of a deploy, and so
 * seldom that what nobody knows is in nobody's way.
 */
const asideSeconds = { first: 2, growth: 1.3, longest: 60 } as const;

const errorOfRow = 'changed.error';

/** An error of the table as an SQL value; its texts are ours and hold no quotes. */
const asValue = (code: ErrorCode): string => `'${JSON.stringify(new HoldfastError(code).toPublic())}'::jsonb`;
/** Why work that somebody cancelled ended, as an SQL value. */
const cancelled = asValue('cancelled');

/** Ends the work `w` as cancelled where it waits, as a part of `set`; what runs or has ended stays as it is. */
export const cancelWaiting = `
  status = case when w.status = 'scheduled' then 'error' else w.status end,
  error = case when w.status = 'scheduled' then ${cancelled} else w.error end,
  completed_at = case when w.status = 'scheduled' then clock_timestamp() else w.completed_at end`;

/**
 * Cancels the open work `w`, as a part of `set`: what waits ends, and whoever runs it hears that it is to end.
 * @param remoteSeconds for which a remote server keeps it at most, as an expression
 */
export const cancelling = (remoteSeconds: string): string => `
  cancel_requested_at = coalesce(w.cancel_requested_at, clock_timestamp()),
  lease_until = case
    when w.server_id is not null and w.status = 'pending' then least(w.lease_until, ${after(remoteSeconds)})
    else w.lease_until
  end,
  ${cancelWaiting}`;

/** A program may have said what a row cannot hold (NUL, half a character); the reason has to get there all the same. */
export function storable<Code extends string>({
  code,
  message,
}: {
  code: Code;
  message: string;
}): {
  code: Code;
  message: string;
} {
  return { code, message: storableText(message) };
}

export const storableText = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** Ends an attempt in failure: `transition`'s rule for `fail` and `expireLease`. */
function failing(values: { error: string; retryable: string; retryInSeconds: string }): string {
  const again = `(w.cancel_requested_at is null and ${values.retryable} and w.failures + 1 < w.max_failures)`;
  return `
    failures = w.failures + 1,
    status = case when ${again} then 'scheduled' else 'error' end,
    run_after = case when ${again} then ${after(values.retryInSeconds)} else w.run_after end,
    error = case when w.cancel_requested_at is null then ${values.error} else ${cancelled} end,
    completed_at = case when ${again} then null else clock_timestamp() end,
    lease_owner = null, lease_until = null, rung_at = null`;
}

/**
 * The life of backups and restores, once: each change of state is one statement that names the state it starts from, so
 * that of two that race one changes the row and the other none. Times are the database's, never a worker's.
 */
export class WorkTable<T extends Work> implements WorkRepository<T> {
  protected readonly dataSource: DataSource;
  readonly #kind: WorkKind<T>;
  readonly #limits: Limits;

  constructor(dataSource: DataSource, kind: WorkKind<T>, limits: Limits) {
    this.dataSource = dataSource;
    this.#kind = kind;
    this.#limits = limits;
  }

  async find(id: string): Promise<T | null> {
    return isUuid(id) ? await this.read(this.dataSource.manager, id) : null;
  }

  async claim(id: string, lease: Lease): Promise<T | null> {
    if (!isUuid(id)) return null;
    const { table } = this.#kind;
    return await this.#begin(async (manager, begin) => {
      await lockRoom(manager, table, id);
      const work = await begin({
        set: '',
        where: `w.id = $3 and w.server_id is null and ${this.#isKnown('$4')} and ${fits(this.#kind, this.#limits)}`,
        parameters: [lease.worker, lease.seconds, id, lease.engines ?? null],
      });
      // To be rung for as soon as it fits. The ring gets another name, as the job of this one may not have ended yet.
      if (!work) {
        await manager.query(
          `update ${table} w set rung_at = null, refusals = refusals + 1
           where id = $1 and status = 'scheduled' and rung_at is not null and ${this.#isKnown('$2')}`,
          [id, lease.engines ?? null],
        );
      }
      return work;
    });
  }

  /** Whether the kind of database of the row `w` is among those of a parameter; null: all are. */
  #isKnown(engines: string): string {
    return `(${engines}::text[] is null or (${this.#kind.engine}) = any (${engines}))`;
  }

  async setAside(id: string, engines: readonly string[]): Promise<string | null> {
    if (!isUuid(id)) return null;
    const { table, engine } = this.#kind;
    const [aside] = await this.dataSource.query<{ engine: string }[]>(
      `with aside as (
        update ${table} w set rung_at = null, refusals = w.refusals + 1,
          run_after = ${after(`least(${asideSeconds.first} * power(${asideSeconds.growth}, least(w.refusals, 30)), ${asideSeconds.longest})`)},
          error = jsonb_build_object('code', 'engine_unknown', 'message', format(
            'The worker that was to do this does not know databases of the kind "%s": it waits for one of a version that does.', (${engine})))
        where w.id = $1 and w.status = 'scheduled' and w.server_id is null and w.run_after <= clock_timestamp()
          and not ${this.#isKnown('$2')}
        returning (${engine}) as engine
      ) select engine from aside`,
      [id, engines],
    );
    return aside?.engine ?? null;
  }

  async claimOfServer(serverId: number, silenceSeconds: number, id?: string): Promise<T | null> {
    if (!isRowNumber(serverId) || (id !== undefined && !isUuid(id))) return null;
    return await this.#begin((_manager, begin) =>
      begin({
        set: ', silence_seconds = $2',
        // An array, as a subquery that takes locks has to run once alone.
        where: `w.server_id = $3 and w.id = any (array(
          select w.id from ${this.#kind.table} w
          where w.server_id = $3 and ($4::uuid is null or w.id = $4) and ${this.#begins}
          order by ${this.#kind.place('w')}, w.id limit 1 for update of w skip locked))`,
        parameters: [`server ${serverId}`, silenceSeconds, serverId, id ?? null],
      }),
    );
  }

  async heardOfServer(
    serverId: number,
    id: string,
    { silenceSeconds, progressBytes }: { silenceSeconds: number | null; progressBytes: number | null },
  ): Promise<HeartbeatAnswer> {
    if (!isRowNumber(serverId) || !isUuid(id)) return 'lost';
    const [row] = await this.dataSource.query<{ cancel: boolean }[]>(
      `with changed as (
        update ${this.#kind.table} w set
          silence_seconds = coalesce($3, w.silence_seconds),
          lease_until = case
            when w.cancel_requested_at is null then ${after('coalesce($3, w.silence_seconds)')} else w.lease_until
          end,
          progress_bytes = coalesce($4, w.progress_bytes)
        where w.id = $2 and w.server_id = $1 and w.status = 'pending'
        returning w.cancel_requested_at is not null as cancel
      ) select cancel from changed`,
      [serverId, id, silenceSeconds, progressBytes],
    );
    if (!row) return 'lost';
    return row.cancel ? 'cancel' : 'ok';
  }

  /** The condition under which a row may begin. */
  get #begins(): string {
    const { free, first } = this.#kind;
    return `w.status = 'scheduled' and w.run_after <= clock_timestamp() and ${free} and ${first}`;
  }

  async #begin(
    claim: (manager: EntityManager, begin: (attempt: Beginning) => Promise<T | null>) => Promise<T | null>,
  ): Promise<T | null> {
    try {
      return await this.dataSource.transaction((manager) =>
        claim(manager, (attempt) => this.#started(manager, attempt)),
      );
    } catch (error) {
      if (this.#kind.runningKey !== null && violatedConstraint(error) === this.#kind.runningKey) return null;
      throw error;
    }
  }

  async #started(manager: EntityManager, { set, where, parameters }: Beginning): Promise<T | null> {
    const [claimed] = await this.#change(manager, {
      set: `
        status = 'pending', attempt = w.attempt + 1, lease_owner = $1, lease_until = ${after('$2')},
        started_at = coalesce(w.started_at, clock_timestamp()),
        error = case when w.error ->> 'code' = 'engine_unknown' then null else w.error end, progress_bytes = 0, estimated_bytes = null ${set}`,
      where: `${where} and ${this.#begins}`,
      parameters,
    });
    const work = claimed ? await this.read(manager, claimed.id) : null;
    if (work) await this.#kind.began(manager, work);
    return work;
  }

  async heartbeat(id: string, attempt: number, lease: Lease, progress: Progress): Promise<HeartbeatAnswer> {
    if (!isUuid(id)) return 'lost';
    const [row] = await this.dataSource.query<{ cancel: boolean }[]>(
      `with changed as (
        update ${this.#kind.table} w set
          lease_until = case when w.cancel_requested_at is null then ${after('$3')} else w.lease_until end,
          progress_bytes = $4, estimated_bytes = $5
        where w.id = $1 and w.attempt = $2 and w.status = 'pending'
        returning w.cancel_requested_at is not null as cancel
      ) select cancel from changed`,
      [id, attempt, lease.seconds, progress.progressBytes, progress.estimatedBytes],
    );
    if (!row) return 'lost';
    return row.cancel ? 'cancel' : 'ok';
  }

  async fail(id: string, attempt: number, failure: Failure, bytes?: number): Promise<WorkStatus | null> {
    if (!isUuid(id)) return null;
    const { error, retryable, retryInSeconds } = failure;
    const [row] = await this.#change(this.dataSource.manager, {
      set: `
        ${failing({ error: '$3::jsonb', retryable: '$4::boolean', retryInSeconds: '$5' })},
        progress_bytes = coalesce($6, w.progress_bytes)`,
      where: `w.id = $1 and w.attempt = $2 and w.status = 'pending'`,
      parameters: [id, attempt, JSON.stringify(storable(error)), retryable, retryInSeconds, bytes ?? null],
      ended: { settled: false, error: errorOfRow },
    });
    return row?.status ?? null;
  }

  async handBack(id: string, attempt: number, bytes?: number): Promise<boolean> {
    if (!isUuid(id)) return false;
    const wanted = 'w.cancel_requested_at is null';
    const rows = await this.#change(this.dataSource.manager, {
      set: `
        status = case when ${wanted} then 'scheduled' else 'error' end,
        run_after = case when ${wanted} then clock_timestamp() else w.run_after end,
        error = case when ${wanted} then w.error else ${cancelled} end,
        completed_at = case when ${wanted} then null else clock_timestamp() end,
        lease_owner = null, lease_until = null, rung_at = null, progress_bytes = coalesce($3, w.progress_bytes)`,
      where: `w.id = $1 and w.attempt = $2 and w.status = 'pending'`,
      parameters: [id, attempt, bytes ?? null],
      ended: {
        settled: false,
        error: `case when changed.status = 'error' then ${errorOfRow} else ${asValue('stopping')} end`,
      },
    });
    return rows.length > 0;
  }

  async takeDue(ahead: number, ringAgainSeconds: number): Promise<Due[]> {
    return await this.dataSource.transaction(async (manager) => {
      if (!(await lockOrder(manager, this.#kind.table))) return [];
      return await manager.query<Due[]>(takeInOrder(this.#kind, this.#limits), [ahead, ringAgainSeconds]);
    });
  }

  async takeNew(id: string): Promise<Due | null> {
    if (!isUuid(id)) return null;
    const { table } = this.#kind;
    const [taken] = await this.dataSource.query<Due[]>(
      `with taken as (
        update ${table} w set rung_at = clock_timestamp()
        where w.id = $1 and w.server_id is null and w.rung_at is null and ${this.#begins}
          and ${fits(this.#kind, this.#limits)} and not exists (
            select from ${table} other, (select account_id from ${table} where id = $1) own
            where ${isDue('other')} and other.id <> $1
              and (other.rung_at is null or other.account_id = own.account_id))
        returning w.id, w.attempt + 1 as attempt, w.refusals, w.request_id as "requestId"
      ) select * from taken`,
      [id],
    );
    return taken ?? null;
  }

  async reapExpired(limit: number, retryInSeconds: number): Promise<Reaped[]> {
    return await this.#change(this.dataSource.manager, {
      set: failing({
        error: `case when w.server_id is null then ${asValue('lease_expired')} else ${asValue('abandoned')} end`,
        retryable: 'w.server_id is null',
        retryInSeconds: '$2',
      }),
      // An array, as a subquery that takes locks has to run once alone.
      where: `w.id = any (array(
        select id from ${this.#kind.table} where status = 'pending' and lease_until < now()
        order by lease_until limit $1 for update skip locked))`,
      parameters: [limit, retryInSeconds],
      ended: { settled: false, error: errorOfRow },
    });
  }

  async requestCancel(id: string): Promise<WorkStatus | null> {
    if (!isUuid(id)) return null;
    const [row] = await this.#change(this.dataSource.manager, {
      set: cancelling('$2'),
      where: `w.id = $1 and w.status in ('scheduled', 'pending')`,
      parameters: [id, remoteCancelSeconds],
    });
    return row?.status ?? null;
  }

  async isCancelRequested(id: string, attempt: number): Promise<boolean> {
    if (!isUuid(id)) return false;
    const asked = await this.dataSource.query<unknown[]>(
      `select from ${this.#kind.table}
       where id = $1 and attempt = $2 and status = 'pending' and cancel_requested_at is not null`,
      [id, attempt],
    );
    return asked.length > 0;
  }

  async attemptsOf(ids: readonly string[]): Promise<Map<string, WorkAttempt[]>> {
    const { table, of } = this.#kind.attempts;
    const rows = await this.dataSource.query<(WorkAttempt & { workId: string })[]>(
      `select a.${of} as "workId", a.attempt, a.worker, a.started_at as "startedAt", a.ended_at as "endedAt", a.settled,
         case when a.ended_at is null then w.progress_bytes else a.bytes end::double precision as bytes, a.error
       from ${table} a join ${this.#kind.table} w on w.id = a.${of}
       where a.${of} = any ($1::uuid[]) order by a.${of}, a.attempt`,
      [ids.filter(isUuid)],
    );
    return Map.groupBy(rows, ({ workId }) => workId);
  }

  /** Makes the attempt the one that counts; `set` is what the kind of work records of it, from `$3` on. */
  protected async settleAs(
    manager: EntityManager,
    id: string,
    attempt: number,
    result: { set: string; where?: string; parameters: unknown[] },
  ): Promise<boolean> {
    if (!isUuid(id)) return false;
    const rows = await this.#change(manager, {
      set: `
        status = 'done', error = null, completed_at = clock_timestamp(), lease_owner = null, lease_until = null,
        ${result.set}`,
      where: `w.id = $1 and w.attempt = $2 and ${result.where ?? `w.status = 'pending'`}`,
      parameters: [id, attempt, ...result.parameters],
      ended: { settled: true, error: 'null' },
    });
    return rows.length > 0;
  }

  protected async read(manager: EntityManager, id: string): Promise<T | null> {
    const where: FindOptionsWhere<Work> = { id };
    return await manager.findOneBy<T>(this.#kind.entity, where as FindOptionsWhere<T>);
  }

  async #change(
    manager: EntityManager,
    statement: { set: string; where: string; parameters: unknown[]; ended?: { settled: boolean; error: string } },
  ): Promise<Changed[]> {
    const { table, attempts, further } = this.#kind;
    const ended = statement.ended
      ? `, ended as (
        update ${attempts.table} a set ended_at = clock_timestamp(), settled = ${statement.ended.settled},
          error = ${statement.ended.error}, bytes = changed.progress_bytes
        from changed where a.${attempts.of} = changed.id and a.attempt = changed.attempt)`
      : '';
    return await manager.query<Changed[]>(
      `with changed as (
        update ${table} w set ${statement.set} where ${statement.where}
        returning w.id, w.attempt, w.status, w.error, w.progress_bytes
      ) ${ended} ${further} select id, attempt, status from changed`,
      statement.parameters,
    );
  }
}
