import type { DataSource } from 'typeorm';
import { HoldfastError, type Account, type ApiToken, type Ids, type Secret } from '@holdfast/shared/domain';
import { hashToken, newApiToken } from '@holdfast/shared/security';
import { violatedConstraint } from './constraints.ts';
import { accountEntity, apiTokenEntity } from './entities/accounts.ts';
import { isName, isRowNumber, isUuid } from './keys.ts';
import type { AccountRepository, NewToken } from './repositories.ts';

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

  async listTokens(accountId: number): Promise<ApiToken[]> {
    const order = { createdAt: 'DESC', id: 'DESC' } as const;
    return await this.#dataSource.manager.find(apiTokenEntity, { where: { accountId }, order });
  }

  async revokeToken(accountId: number, tokenId: string): Promise<boolean> {
    if (!isUuid(tokenId)) return false;
    const rows = await this.#dataSource.query<unknown[]>(
      `with revoked as (
        update holdfast.api_tokens set revoked_at = now() where account_id = $1 and id = $2 and revoked_at is null
        returning id
      ) select id from revoked`,
      [accountId, tokenId],
    );
    return rows.length > 0;
  }
}
