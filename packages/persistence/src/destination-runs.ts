import type { DataSource } from 'typeorm';
import { after } from './current-time.ts';
import { isRowNumber } from './keys.ts';
import type { DueRun } from './repositories/index.ts';

/** What is particular to one kind of work over whole destinations. SQL in it calls the row `r`. */
export interface RunKind {
  /** With one row for each destination. */
  table: string;
  isDue: string;
  /** Which is rung for first. */
  order: string;
}

const isFree = '(r.lease_until is null or r.lease_until < clock_timestamp())';

/** Runs over whole destinations, one at a time for each, under a lease: the number of a run is its fencing number. */
export class DestinationRuns {
  protected readonly dataSource: DataSource;
  readonly #kind: RunKind;

  constructor(dataSource: DataSource, kind: RunKind) {
    this.dataSource = dataSource;
    this.#kind = kind;
  }

  async begin(destinationId: number, leaseSeconds: number): Promise<number | null> {
    if (!isRowNumber(destinationId)) return null;
    const { table, isDue } = this.#kind;
    const [begun] = await this.dataSource.query<{ run: number }[]>(
      `with begun as (
        update ${table} r set
          run = r.run + 1, started_at = clock_timestamp(), lease_until = ${after('$2')}, rung_at = null
        from holdfast.destinations d
        where r.destination_id = $1 and d.id = $1 and d.deletion_requested_at is null and ${isDue} and ${isFree}
        returning r.run
      ) select run from begun`,
      [destinationId, leaseSeconds],
    );
    return begun?.run ?? null;
  }

  async extend(destinationId: number, run: number, leaseSeconds: number): Promise<boolean> {
    return await this.changesRun(destinationId, run, `lease_until = ${after('$3')}`, [leaseSeconds]);
  }

  async handBack(destinationId: number, run: number): Promise<void> {
    await this.changesRun(destinationId, run, 'lease_until = null, rung_at = null', []);
  }

  /** Marks as rung what is due and free; never more than `limit` run or are rung for. */
  protected async ring(limit: number, ringAgainSeconds: number): Promise<DueRun[]> {
    const { table, isDue, order } = this.#kind;
    return await this.dataSource.query<DueRun[]>(
      `with busy as (
        select count(*)::integer as count from ${table} r
        where r.lease_until > now() or r.rung_at > now() - make_interval(secs => $2)
      ), due as (
        select r.destination_id from ${table} r
        join holdfast.destinations d on d.id = r.destination_id and d.deletion_requested_at is null
        where ${isDue} and ${isFree} and (r.rung_at is null or r.rung_at <= now() - make_interval(secs => $2))
        order by ${order}, r.destination_id
        limit greatest($1 - (select count from busy), 0) for update of r skip locked
      ), rung as (
        update ${table} r set rung_at = clock_timestamp() from due
        where r.destination_id = due.destination_id
        returning r.destination_id as "destinationId", r.request_id as "requestId"
      ) select * from rung`,
      [limit, ringAgainSeconds],
    );
  }

  /**
   * Changes the row of a run that goes on.
   * @param set from `$3` on the parameters
   * @returns false when the run is stale
   */
  protected async changesRun(destinationId: number, run: number, set: string, parameters: unknown[]): Promise<boolean> {
    const changed = await this.dataSource.query<unknown[]>(
      `with changed as (
        update ${this.#kind.table} r set ${set}
        where r.destination_id = $1 and r.run = $2 and r.lease_until is not null returning r.run
      ) select run from changed`,
      [destinationId, run, ...parameters],
    );
    return changed.length > 0;
  }
}
