import { IsNull, type DataSource } from 'typeorm';
import { HoldfastError, type Account, type ApiToken, type Ids, type Secret } from '@holdfast/shared/domain';
import { hashToken, newApiToken } from '@holdfast/shared/security';
import { violatedConstraint } from './constraints.ts';
import { accountEntity, apiTokenEntity } from './entities/accounts.ts';
import { isName, isRowNumber, isUuid } from './keys.ts';
import type { AccountRepository, NewToken } from './repositories/index.ts';

export class Accounts implements AccountRepository {
  readonly #dataSource: DataSource;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids) {
    this.#dataSource = dataSource;
    this.#ids = ids;
  }

  /** @throws HoldfastError configuration, when the name is taken */
  async create(name: string): Promise<Account> {
    try {
      const { identifiers } = await this.#dataSource.manager.insert(accountEntity, { name });
      return await this.#dataSource.manager.findOneByOrFail(accountEntity, { id: Number(identifiers[0]?.['id']) });
    } catch (error) {
      if (violatedConstraint(error) !== 'accounts_name_key') throw error;
      throw new HoldfastError('configuration', `An account named "${name}" exists already: choose another name.`);
    }
  }

  async list(): Promise<Account[]> {
    return await this.#dataSource.manager.find(accountEntity, { order: { id: 'ASC' } });
  }

  async find(id: number): Promise<Account | null> {
    return isRowNumber(id) ? await this.#dataSource.manager.findOneBy(accountEntity, { id }) : null;
  }

  async findByName(name: string): Promise<Account | null> {
    return isName(name) ? await this.#dataSource.manager.findOneBy(accountEntity, { name }) : null;
  }

  async createToken(accountId: number, token: NewToken): Promise<{ token: ApiToken; secret: Secret }> {
    const id = this.#ids.uuid();
    const secret = newApiToken();
    const { name, scopes, expiresAt } = token;
    const row = { id, accountId, name, scopes, expiresAt, hash: hashToken(secret) };
    await this.#dataSource.manager.insert(apiTokenEntity, row);
    return { token: await this.#dataSource.manager.findOneByOrFail(apiTokenEntity, { id }), secret };
  }

  async authenticate(secret: Secret): Promise<ApiToken | null> {
    const { entities, raw } = await this.#dataSource.manager
      .createQueryBuilder(apiTokenEntity, 't')
      .addSelect(`t.last_used_at is null or t.last_used_at < now() - interval '1 minute'`, 'use')
      .where('t.hash = :hash', { hash: hashToken(secret) })
      .andWhere('t.revoked_at is null and (t.expires_at is null or t.expires_at > now())')
      .getRawAndEntities<{ use: boolean }>();
    const [token] = entities;
    if (!token) return null;
    if (!raw[0]?.use) return token;
    const [used] = await this.#dataSource.query<{ at: Date }[]>(
      `with used as (
        update holdfast.api_tokens set last_used_at = now() where id = $1 returning last_used_at
      ) select last_used_at as at from used`,
      [token.id],
    );
    return { ...token, lastUsedAt: used?.at ?? token.lastUsedAt };
  }

  async identify(secret: Secret): Promise<ApiToken | null> {
    return await this.#dataSource.manager.findOneBy(apiTokenEntity, { hash: hashToken(secret) });
  }

  async listTokens(accountId: number): Promise<ApiToken[]> {
    const order = { createdAt: 'DESC', id: 'DESC' } as const;
    return await this.#dataSource.manager.find(apiTokenEntity, { where: { accountId }, order });
  }

  async findToken(accountId: number, tokenId: string): Promise<ApiToken | null> {
    return isUuid(tokenId)
      ? await this.#dataSource.manager.findOneBy(apiTokenEntity, { accountId, id: tokenId })
      : null;
  }

  async revokeToken(
    accountId: number,
    tokenId: string,
    keep: 'an_admin' | 'none',
  ): Promise<'revoked' | 'last_admin' | null> {
    if (!isUuid(tokenId)) return null;
    return await this.#dataSource.transaction(async (manager) => {
      // One after another for each account: two that revoke each the other's admin token must not both succeed.
      await manager.query('select id from holdfast.accounts where id = $1 for no key update', [accountId]);
      const rows = await manager.query<{ isLastAdmin: boolean }[]>(
        `with valid as (
          select id from holdfast.api_tokens where account_id = $1 and revoked_at is null
            and (expires_at is null or expires_at > now()) and 'admin' = any (scopes)
        ) select (select array_agg(id) from valid) = array[id] as "isLastAdmin"
        from holdfast.api_tokens where account_id = $1 and id = $2`,
        [accountId, tokenId],
      );
      const [token] = rows;
      if (!token) return null;
      if (token.isLastAdmin && keep === 'an_admin') return 'last_admin';
      const unrevoked = { id: tokenId, revokedAt: IsNull() };
      await manager.update(apiTokenEntity, unrevoked, { revokedAt: () => 'now()' });
      return 'revoked';
    });
  }
}
