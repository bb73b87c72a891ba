import type { DataSource, EntityManager } from 'typeorm';
import { HoldfastError, type Database, type Hooks, type Ids, type Secret } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { violatedConstraint } from './constraints.ts';
import { forgetDeletedBackups, forgetVerifications } from './deleted-backups.ts';
import { requireNotRemoved } from './deletion.ts';
import { databaseEntity, type DatabaseRow } from './entities/databases.ts';
import { isName, isUuid } from './keys.ts';
import { only } from './only.ts';
import { pick } from './pick.ts';
import type { DatabaseObstacles, DatabaseRepository, NewDatabase } from './repositories/index.ts';
import { hooksFrom, hooksText } from './sealed-hooks.ts';
import { hooksContext, openSealed, passwordContext } from './sealed.ts';

/** What a registration and a change of it set, beside what is sealed. */
const fields = [
  'name',
  'type',
  'serverId',
  'host',
  'port',
  'user',
  'database',
  'options',
  'destinationId',
  'objectives',
] as const;

export class Databases implements DatabaseRepository {
  readonly #dataSource: DataSource;
  readonly #box: SecretBox;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, box: SecretBox, ids: Ids) {
    this.#dataSource = dataSource;
    this.#box = box;
    this.#ids = ids;
  }

  /** @throws HoldfastError configuration, when the destination or the server is not the account's */
  async create(accountId: number, database: NewDatabase): Promise<Database | 'name_taken'> {
    const id = this.#ids.uuid();
    const sealed = { password: this.#seal(id, database.password), hooks: this.#sealHooks(id, database.hooks ?? null) };
    const row = { ...pick(database, fields), id, accountId, ...sealed };
    const refused = await this.#refusal(async (manager) => {
      await manager.insert(databaseEntity, row);
      await requireNotRemoved(manager, database.destinationId);
    });
    if (refused === 'other_reach') throw new HoldfastError('configuration', 'The connection is only a part of one.');
    return refused ?? this.#open(await this.#dataSource.manager.findOneByOrFail(databaseEntity, { id }));
  }

  async find(id: string): Promise<Database | null> {
    return isUuid(id) ? this.#openFound(await this.#dataSource.manager.findOneBy(databaseEntity, { id })) : null;
  }

  async findOwned(accountId: number, idOrName: string): Promise<Database | null> {
    const { manager } = this.#dataSource;
    if (!isName(idOrName)) return null;
    const row = isUuid(idOrName) ? await manager.findOneBy(databaseEntity, { accountId, id: idOrName }) : null;
    return this.#openFound(row ?? (await manager.findOneBy(databaseEntity, { accountId, name: idOrName })));
  }

  async list(accountId: number): Promise<Database[]> {
    const { manager } = this.#dataSource;
    const rows = await manager.find(databaseEntity, { where: { accountId }, order: { createdAt: 'DESC', id: 'DESC' } });
    return rows.map((row) => this.#open(row));
  }

  /** @throws HoldfastError configuration, when the destination or the server is not the account's */
  async update(
    accountId: number,
    id: string,
    change: Partial<NewDatabase>,
  ): Promise<Database | 'name_taken' | 'other_reach' | null> {
    if (!isUuid(id)) return null;
    const { password, hooks } = change;
    const sealed = {
      ...(password === undefined ? {} : { password: this.#seal(id.toLowerCase(), password) }),
      ...(hooks === undefined ? {} : { hooks: this.#sealHooks(id.toLowerCase(), hooks) }),
    };
    const changed = { ...pick(change, fields), ...sealed, updatedAt: () => 'now()' };
    const refused = await this.#refusal(async (manager) => {
      await manager.update(databaseEntity, { accountId, id }, changed);
      await requireNotRemoved(manager, change.destinationId);
    });
    return refused ?? this.#openFound(await this.#dataSource.manager.findOneBy(databaseEntity, { accountId, id }));
  }

  /**
   * Every backup stands in the way, whatever its state, for each may have objects in a destination, until these are removed; so does a restore
   * into the database that waits or runs, or whose former content is still kept on the server, a verification on its server that waits or runs, and a schedule
   * of another database that verifies on its server. Schedules and the records of ended restores go with the database.
   */
  async delete(accountId: number, id: string): Promise<number | null> {
    if (!isUuid(id)) return null;
    return await this.#dataSource.transaction(async (manager) => {
      // Schedules before their database, in the order in which the ticker locks them.
      await manager.query('select from holdfast.schedules where account_id = $1 and database_id = $2 for update', [
        accountId,
        id,
      ]);
      const row = await manager.findOne(databaseEntity, {
        where: { accountId, id },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) return null;
      const obstacles = Object.values(await obstaclesOf(manager, accountId, row.id));
      const inTheWay = obstacles.reduce((sum, count) => sum + count, 0);
      if (inTheWay > 0) return inTheWay;
      await manager.query('delete from holdfast.schedules where database_id = $1', [id]);
      await forgetDeletedBackups(manager, 'database_id', id);
      await manager.query(
        `delete from holdfast.restore_attempts where restore_id in (
          select id from holdfast.restores where database_id = $1)`,
        [id],
      );
      await manager.query('delete from holdfast.restores where database_id = $1', [id]);
      await forgetVerifications(manager, 'database_id = $1', [id]);
      await manager.delete(databaseEntity, { id });
      return 0;
    });
  }

  async obstacles(accountId: number, id: string): Promise<DatabaseObstacles> {
    return await obstaclesOf(this.#dataSource.manager, accountId, id);
  }

  async #refusal(write: (manager: EntityManager) => Promise<void>): Promise<'name_taken' | 'other_reach' | null> {
    try {
      await this.#dataSource.transaction(write);
      return null;
    } catch (error) {
      const constraint = violatedConstraint(error);
      if (constraint === 'databases_account_id_name_key') return 'name_taken';
      if (constraint === 'databases_destination_fkey') {
        throw new HoldfastError('configuration', 'The destination does not exist in this account.', { cause: error });
      }
      if (constraint === 'databases_server_fkey') {
        throw new HoldfastError('configuration', 'The server does not exist in this account.', { cause: error });
      }
      if (constraint === 'databases_connection_check') return 'other_reach';
      throw error;
    }
  }

  /** @param id as the row has it: in lower case */
  #seal(id: string, password: Secret | null): string | null {
    return password && this.#box.seal(password, passwordContext(id));
  }

  #sealHooks(id: string, hooks: Hooks | null): string | null {
    return hooks && this.#box.seal(hooksText(hooks), hooksContext(id));
  }

  #openFound(row: DatabaseRow | null): Database | null {
    return row ? this.#open(row) : null;
  }

  #open(row: DatabaseRow): Database {
    const { id, password, hooks } = row;
    return {
      ...row,
      password: password === null ? null : openSealed(this.#box, password, passwordContext(id)),
      hooks: hooks === null ? null : hooksFrom(openSealed(this.#box, hooks, hooksContext(id))),
    };
  }
}

async function obstaclesOf(manager: EntityManager, accountId: number, id: string): Promise<DatabaseObstacles> {
  return only(
    await manager.query<DatabaseObstacles[]>(
      `select
        (select count(*) from holdfast.backups where database_id = $1 and deleted_at is null)::integer as backups,
        (select count(*) from holdfast.restores where database_id = $1 and status in ('scheduled', 'pending'))::integer as restores,
        (select count(*) from holdfast.restores where database_id = $1 and status not in ('scheduled', 'pending')
          and former is not null)::integer as kept,
        (select count(*) from holdfast.verifications where database_id = $1 and status in ('scheduled', 'pending'))::integer as verifications,
        (select count(*) from holdfast.schedules
          where account_id = $2 and database_id <> $1 and lower(verification ->> 'scratchDatabaseId') = $1::text)::integer as schedules`,
      [id, accountId],
    ),
  );
}
