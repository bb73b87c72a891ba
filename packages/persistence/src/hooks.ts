import type { DataSource } from 'typeorm';
import type { HookEnd, HookRun } from '@holdfast/shared/domain';
import { after } from './current-time.ts';
import { hookRunEntity } from './entities/hooks.ts';
import { isRowNumber, isUuid } from './keys.ts';
import type { HookRepository, OpenHooks } from './repositories/index.ts';
import { storableText } from './work.ts';

/** The attempt `a` whose `after` hooks have not run to their end. */
const isOpen = 'a.hooks_opened_at is not null and a.hooks_closed_at is null';
/** The same, where the attempt itself has ended without them. */
const isLeft = `${isOpen} and a.ended_at is not null and not a.settled`;
const isFree = '(a.hooks_held_until is null or a.hooks_held_until < now())';

const columns = `a.backup_id as "backupId", a.attempt, b.database_id as "databaseId", a.error`;

export class HookRuns implements HookRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async open(backupId: string, attempt: number): Promise<boolean> {
    return await this.#changes(
      `update holdfast.backup_attempts a set hooks_opened_at = coalesce(a.hooks_opened_at, clock_timestamp())
       from holdfast.backups b
       where b.id = $1 and b.status = 'pending' and b.attempt = $2 and a.backup_id = b.id and a.attempt = b.attempt`,
      [backupId, attempt],
    );
  }

  async take(backupId: string, attempt: number, seconds: number): Promise<boolean> {
    return await this.#changes(
      `update holdfast.backup_attempts a set hooks_held_until = ${after('$3')}
       where a.backup_id = $1 and a.attempt = $2 and ${isOpen} and ${isFree}`,
      [backupId, attempt, seconds],
    );
  }

  async close(backupId: string, attempt: number): Promise<void> {
    await this.#dataSource.query(
      `update holdfast.backup_attempts a set hooks_closed_at = clock_timestamp()
       where a.backup_id = $1 and a.attempt = $2 and ${isOpen}`,
      [backupId, attempt],
    );
  }

  async leftOpen(databaseId: string): Promise<OpenHooks[]> {
    if (!isUuid(databaseId)) return [];
    return await this.#dataSource.query<OpenHooks[]>(
      `select ${columns} from holdfast.backup_attempts a join holdfast.backups b on b.id = a.backup_id
       where b.database_id = $1 and ${isLeft} order by a.ended_at`,
      [databaseId],
    );
  }

  async findOpen(backupId: string, attempt: number): Promise<OpenHooks | null> {
    if (!isUuid(backupId) || !isRowNumber(attempt)) return null;
    const [found] = await this.#dataSource.query<OpenHooks[]>(
      `select ${columns} from holdfast.backup_attempts a join holdfast.backups b on b.id = a.backup_id
       where a.backup_id = $1 and a.attempt = $2 and ${isLeft}`,
      [backupId, attempt],
    );
    return found ?? null;
  }

  async takeOpen(limit: number, ringAgainSeconds: number): Promise<OpenHooks[]> {
    return await this.#dataSource.query<OpenHooks[]>(
      `with due as (
        select a.backup_id, a.attempt from holdfast.backup_attempts a
        where ${isLeft} and ${isFree} and (a.hooks_rung_at is null or a.hooks_rung_at <= now() - make_interval(secs => $2))
        order by a.ended_at limit $1 for update skip locked
      ), rung as (
        update holdfast.backup_attempts a set hooks_rung_at = clock_timestamp() from due, holdfast.backups b
        where a.backup_id = due.backup_id and a.attempt = due.attempt and b.id = a.backup_id
        returning ${columns}
      ) select * from rung`,
      [limit, ringAgainSeconds],
    );
  }

  async began(run: Parameters<HookRepository['began']>[0]): Promise<void> {
    await this.#dataSource.manager.insert(hookRunEntity, { ...run, name: storableText(run.name) });
  }

  async ended(id: string, { outcome, exitCode, httpStatus, problem, output }: HookEnd): Promise<void> {
    await this.#dataSource.query(
      `update holdfast.hook_runs set ended_at = clock_timestamp(), outcome = $2, exit_code = $3, http_status = $4,
         problem = $5, output = $6
       where id = $1 and ended_at is null`,
      [id, outcome, exitCode, httpStatus, problem && storableText(problem), storableText(output)],
    );
  }

  async listOfBackup(backupId: string): Promise<HookRun[]> {
    if (!isUuid(backupId)) return [];
    return await this.#dataSource.manager.find(hookRunEntity, {
      where: { backupId },
      order: { startedAt: 'ASC', id: 'ASC' },
    });
  }

  async #changes(update: string, parameters: [string, number, ...unknown[]]): Promise<boolean> {
    const [backupId, attempt] = parameters;
    if (!isUuid(backupId) || !isRowNumber(attempt)) return false;
    const rows = await this.#dataSource.query<unknown[]>(
      `with changed as (${update} returning 1) select from changed`,
      parameters,
    );
    return rows.length > 0;
  }
}
