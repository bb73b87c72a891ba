import { IsNull, type DataSource, type EntityManager } from 'typeorm';
import type { Destination, LocalSettings, S3Settings, Secret, StoreCapabilities } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { forgetDeletedBackups, hasFormer } from './deleted-backups.ts';
import { usageOf } from './destination-usage.ts';
import { isBusy, markAllOfDestination, removeEmptyDestination } from './deletion.ts';
import { destinationEntity, type DestinationRow } from './entities/destinations.ts';
import { isRowNumber } from './keys.ts';
import { only } from './only.ts';
import type {
  DestinationRepository,
  DestinationUsage,
  DestinationUses,
  NewDestination,
  Page,
} from './repositories/index.ts';
import { keyContext, openSealed, sealSecret, type DestinationKey } from './sealed.ts';

const shown = { deletionRequestedAt: IsNull() };

const usesOfDestination = `
  select
    (select count(*) from holdfast.backups w where destination_id = $1
      and (deleted_at is null or ${hasFormer('w')}))::integer as backups,
    (select count(*) from holdfast.backups w where w.destination_id = $1 and w.deletion_requested_at is null
      and ${isBusy})::integer as "busyBackups",
    (select count(*) from holdfast.databases where destination_id = $1)::integer as databases,
    (select count(*) from holdfast.schedules where destination_id = $1)::integer as schedules,
    (select count(*) from holdfast.policies where destination_id = $1)::integer as policies`;

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
    return this.#openFound(await this.#dataSource.manager.findOneBy(destinationEntity, { accountId, id, ...shown }));
  }

  async list(accountId: number, page: number, perPage: number): Promise<Page<Destination>> {
    const [rows, total] = await this.#dataSource.manager.findAndCount(destinationEntity, {
      where: { accountId, ...shown },
      order: { id: 'DESC' },
      skip: (page - 1) * perPage,
      take: perPage,
    });
    return { items: rows.map((row) => this.#open(row)), total };
  }

  async findDefault(accountId: number): Promise<Destination | null> {
    const { manager } = this.#dataSource;
    return this.#openFound(
      await manager.findOne(destinationEntity, { where: { accountId, ...shown }, order: { id: 'ASC' } }),
    );
  }

  async replace(accountId: number, id: number, destination: NewDestination): Promise<Destination | null> {
    if (!isRowNumber(id)) return null;
    // What the place can do has to be asked anew.
    const change = { ...this.#seal(id, destination), capabilities: null, updatedAt: () => 'now()' };
    await this.#dataSource.manager.update(destinationEntity, { accountId, id, ...shown }, change);
    return await this.findOwned(accountId, id);
  }

  async setCapabilities(id: number, capabilities: StoreCapabilities): Promise<void> {
    if (!isRowNumber(id)) return;
    await this.#dataSource.manager.update(destinationEntity, { id }, { capabilities });
  }

  async usage(id: number): Promise<DestinationUsage> {
    if (!isRowNumber(id)) return { databases: [], unencrypted: 0, recipients: [] };
    return await usageOf(this.#dataSource.manager, id);
  }

  async countBackups(id: number): Promise<number> {
    if (!isRowNumber(id)) return 0;
    const rows = await this.#dataSource.query<{ backups: number }[]>(
      `select count(*)::integer as backups from holdfast.backups w
       where w.destination_id = $1 and w.deleted_at is null
         and (w.status <> 'error' or exists (
           select from holdfast.backup_attempts a where a.backup_id = w.id and a.swept_at is null))`,
      [id],
    );
    return only(rows).backups;
  }

  async delete(accountId: number, id: number): Promise<DestinationUses | null> {
    return await this.#remove(accountId, id, async (manager, { backups, databases, schedules, policies }) => {
      if (backups + databases + schedules + policies > 0) return;
      await forgetDeletedBackups(manager, 'destination_id', id);
      await manager.delete(destinationEntity, { id });
    });
  }

  async requestDeletion(accountId: number, id: number, requestId?: string): Promise<DestinationUses | null> {
    return await this.#remove(accountId, id, async (manager, { busyBackups, databases, schedules, policies }) => {
      if (busyBackups + databases + schedules + policies > 0) return;
      await manager.update(destinationEntity, { id }, { deletionRequestedAt: () => 'clock_timestamp()' });
      await markAllOfDestination(manager, id, requestId);
      await removeEmptyDestination(manager, id);
    });
  }

  async #remove(
    accountId: number,
    id: number,
    remove: (manager: EntityManager, uses: DestinationUses) => Promise<void>,
  ): Promise<DestinationUses | null> {
    if (!isRowNumber(id)) return null;
    return await this.#dataSource.transaction(async (manager) => {
      // Locked against a restore, a lock or a worker's claim at the same moment. A claim locks its backup and then refers to
      // the destination, so this goes the same way round; the second time takes what was added in between.
      const lockBackups = (): Promise<unknown> =>
        manager.query(
          'select from holdfast.backups where account_id = $1 and destination_id = $2 order by id for update',
          [accountId, id],
        );
      await lockBackups();
      const where = { accountId, id, ...shown };
      const row = await manager.findOne(destinationEntity, { where, lock: { mode: 'pessimistic_write' } });
      if (!row) return null;
      await lockBackups();
      const uses = only(await manager.query<DestinationUses[]>(usesOfDestination, [id]));
      await remove(manager, uses);
      return uses;
    });
  }

  #seal(
    id: number,
    destination: NewDestination,
  ): Omit<DestinationRow, 'id' | 'accountId' | 'createdAt' | 'updatedAt' | 'deletionRequestedAt' | 'capabilities'> {
    const { label, type, settings } = destination;
    const none = { accessKey: null, secretKey: null, deletionAccessKey: null, deletionSecretKey: null };
    if (destination.type === 'local') return { label, type, settings, ...none };
    const seal = (secret: Secret | undefined, key: DestinationKey): string | null =>
      secret ? sealSecret(this.#box, secret, keyContext(id, key)) : null;
    return {
      label,
      type,
      settings,
      accessKey: seal(destination.accessKey, 'access_key'),
      secretKey: seal(destination.secretKey, 'secret_key'),
      deletionAccessKey: seal(destination.deletionKeys?.accessKey, 'deletion_access_key'),
      deletionSecretKey: seal(destination.deletionKeys?.secretKey, 'deletion_secret_key'),
    };
  }

  #openFound(row: DestinationRow | null): Destination | null {
    return row ? this.#open(row) : null;
  }

  #open(row: DestinationRow): Destination {
    const { type, settings, accessKey, secretKey, deletionAccessKey, deletionSecretKey, ...base } = row;
    if (type === 'local') return { ...base, type, settings: settings as LocalSettings };
    const open = (sealed: string | null, key: DestinationKey): Secret => {
      if (sealed === null) throw new Error(`Destination ${row.id} has no ${key}.`);
      return openSealed(this.#box, sealed, keyContext(row.id, key));
    };
    return {
      ...base,
      type,
      settings: settings as S3Settings,
      accessKey: open(accessKey, 'access_key'),
      secretKey: open(secretKey, 'secret_key'),
      deletionKeys:
        deletionAccessKey === null
          ? null
          : {
              accessKey: open(deletionAccessKey, 'deletion_access_key'),
              secretKey: open(deletionSecretKey, 'deletion_secret_key'),
            },
    };
  }
}
