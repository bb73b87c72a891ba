import { timingSafeEqual } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { Secret, type Server } from '@holdfast/shared/domain';
import { hashToken, newServerToken } from '@holdfast/shared/security';
import { violatedConstraint } from './constraints.ts';
import { serverEntity } from './entities/servers.ts';
import { isName, isRowNumber } from './keys.ts';
import { only } from './only.ts';
import type { ServerRepository } from './repositories/index.ts';

const hashOfNobody = '0'.repeat(64);

export class Servers implements ServerRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async create(accountId: number, name: string): Promise<{ server: Server; token: Secret } | 'name_taken'> {
    const { manager } = this.#dataSource;
    const { tokenId, secret } = newServerToken();
    try {
      await manager.insert(serverEntity, { accountId, name, tokenId, tokenHash: hashToken(secret) });
    } catch (error) {
      if (violatedConstraint(error) === 'servers_account_id_name_key') return 'name_taken';
      throw error;
    }
    const server = await manager.findOneByOrFail(serverEntity, { tokenId });
    return { server, token: new Secret(`${tokenId}.${secret.reveal()}`) };
  }

  async list(accountId: number): Promise<Server[]> {
    const order = { createdAt: 'DESC', id: 'DESC' } as const;
    return await this.#dataSource.manager.find(serverEntity, { where: { accountId }, order });
  }

  async findOwned(accountId: number, id: number): Promise<Server | null> {
    return isRowNumber(id) ? await this.#dataSource.manager.findOneBy(serverEntity, { accountId, id }) : null;
  }

  async authenticate(tokenId: string, secret: Secret): Promise<Server | null> {
    if (!isName(tokenId)) return null;
    const { entities, raw } = await this.#dataSource.manager
      .createQueryBuilder(serverEntity, 's')
      .addSelect('s.token_hash', 'hash')
      .addSelect(`s.last_seen_at is null or s.last_seen_at < now() - interval '1 minute'`, 'seen')
      .where('s.token_id = :tokenId', { tokenId })
      .getRawAndEntities<{ hash: string; seen: boolean }>();
    const [server] = entities;
    const [row] = raw;
    // An unknown id takes the same way, so that the time of the answer does not tell it from a wrong secret.
    const isRight = timingSafeEqual(Buffer.from(row?.hash ?? hashOfNobody), Buffer.from(hashToken(secret)));
    if (!server || !row || !isRight) return null;
    if (row.seen) await this.#dataSource.manager.update(serverEntity, { id: server.id }, { lastSeenAt: () => 'now()' });
    return server;
  }

  async delete(accountId: number, id: number): Promise<number | null> {
    if (!isRowNumber(id)) return null;
    return await this.#dataSource.transaction(async (manager) => {
      const lock = { mode: 'pessimistic_write' } as const;
      const server = await manager.findOne(serverEntity, { where: { accountId, id }, lock });
      if (!server) return null;
      const { uses } = only(
        await manager.query<{ uses: number }[]>(
          `select (
            (select count(*) from holdfast.databases where server_id = $1)
            + (select count(*) from holdfast.backups where server_id = $1 and status in ('scheduled', 'pending'))
            + (select count(*) from holdfast.restores where server_id = $1 and status in ('scheduled', 'pending'))
          )::integer as uses`,
          [id],
        ),
      );
      if (uses > 0) return uses;
      // The check that only a server's work has a time of silence would refuse the ended work that loses its server.
      for (const table of ['backups', 'restores']) {
        await manager.query(`update holdfast.${table} set silence_seconds = null where server_id = $1`, [id]);
      }
      await manager.delete(serverEntity, { id });
      return 0;
    });
  }
}
