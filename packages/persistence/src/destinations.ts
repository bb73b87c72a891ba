import type { DataSource, EntityManager } from 'typeorm';
import type { Destination, LocalSettings, S3Settings, Secret } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { destinationEntity, type DestinationRow } from './entities/destinations.ts';
import { isRowNumber } from './keys.ts';
import { only } from './only.ts';
import type { DestinationRepository, NewDestination, Page } from './repositories.ts';

const keyContext = (id: number, key: 'access_key' | 'secret_key'): string => `destinations.${id}.${key}`;

export class Destinations implements DestinationRepository {
  readonly #dataSource: DataSource;
  readonly #box: SecretBox;

  constructor(dataSource: DataSource, box: SecretBox) {
    this.#dataSource = dataSource;
    this.#box = box;
  }

  async create(accountId: number, destination: NewDestination): Promise<Destination> {
    const { manager } = this.#dataSource;
    // The keys are sealed for this row alone, so its number has to be known before.
    const { id } = only(
      await manager.query<{ id: number }[]>(
        `select nextval(pg_get_serial_sequence('holdfast.destinations', 'id'))::integer as id`,
      ),
    );
    const row = { id, accountId, ...this.#seal(id, destination) };
    // The columns are named because TypeORM would otherwise let the server choose the number again.
    await manager.createQueryBuilder().insert().into(destinationEntity, Object.keys(row)).values(row).execute();
    return this.#open(await manager.findOneByOrFail(destinationEntity, { id }));
  }

  async find(id: number): Promise<Destination | null> {
    if (!isRowNumber(id)) return null;
    return this.#openFound(await this.#dataSource.manager.findOneBy(destinationEntity, { id }));
  }

  async findOwned(accountId: number, id: number): Promise<Destination | null> {
    if (!isRowNumber(id)) return null;
    return this.#openFound(await this.#dataSource.manager.findOneBy(destinationEntity, { accountId, id }));
  }

  async list(accountId: number, page: number, perPage: number): Promise<Page<Destination>> {
    const [rows, total] = await this.#dataSource.manager.findAndCount(destinationEntity, {
      where: { accountId },
      order: { id: 'ASC' },
      skip: (page - 1) * perPage,
      take: perPage,
    });
    return { items: rows.map((row) => this.#open(row)), total };
  }

  async findDefault(accountId: number): Promise<Destination | null> {
    const { manager } = this.#dataSource;
    return this.#openFound(await manager.findOne(destinationEntity, { where: { accountId }, order: { id: 'ASC' } }));
  }

  async replace(accountId: number, id: number, destination: NewDestination): Promise<Destination | null> {
    if (!isRowNumber(id)) return null;
    const change = { ...this.#seal(id, destination), updatedAt: () => 'now()' };
    await this.#dataSource.manager.update(destinationEntity, { accountId, id }, change);
    return await this.findOwned(accountId, id);
  }

  async delete(accountId: number, id: number): Promise<number | null> {
    if (!isRowNumber(id)) return null;
    return await this.#dataSource.transaction(async (manager) => {
      const row = await manager.findOne(destinationEntity, {
        where: { accountId, id },
        lock: { mode: 'pessimistic_write' },
      });
      if (!row) return null;
      const users = await this.#users(manager, id);
      if (users === 0) await manager.delete(destinationEntity, { id });
      return users;
    });
  }

  async #users(manager: EntityManager, id: number): Promise<number> {
    const rows = await manager.query<{ users: number }[]>(
      `select (
        (select count(*) from holdfast.backups where destination_id = $1)
        + (select count(*) from holdfast.databases where destination_id = $1)
        + (select count(*) from holdfast.schedules where destination_id = $1)
      )::integer as users`,
      [id],
    );
    return only(rows).users;
  }

  #seal(
    id: number,
    destination: NewDestination,
  ): Pick<DestinationRow, 'label' | 'type' | 'settings' | 'accessKey' | 'secretKey'> {
    const { label, type, settings } = destination;
    if (destination.type === 'local') return { label, type, settings, accessKey: null, secretKey: null };
    const accessKey = this.#box.seal(destination.accessKey, keyContext(id, 'access_key'));
    const secretKey = this.#box.seal(destination.secretKey, keyContext(id, 'secret_key'));
    return { label, type, settings, accessKey, secretKey };
  }

  #openFound(row: DestinationRow | null): Destination | null {
    return row ? this.#open(row) : null;
  }

  #open(row: DestinationRow): Destination {
    const { type, settings, accessKey, secretKey, ...base } = row;
    if (type === 'local') return { ...base, type, settings: settings as LocalSettings };
    const open = (sealed: string | null, key: 'access_key' | 'secret_key'): Secret => {
      if (sealed === null) throw new Error(`Destination ${row.id} has no ${key}.`);
      return this.#box.open(sealed, keyContext(row.id, key));
    };
    return {
      ...base,
      type,
      settings: settings as S3Settings,
      accessKey: open(accessKey, 'access_key'),
      secretKey: open(secretKey, 'secret_key'),
    };
  }
}
