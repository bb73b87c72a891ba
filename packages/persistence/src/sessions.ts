import type { DataSource } from 'typeorm';
import {
  idleSessionSeconds,
  longestSessionSeconds,
  type ApiToken,
  type Ids,
  type Secret,
  type Session,
} from '@holdfast/shared/domain';
import { hashToken, newSessionSecret } from '@holdfast/shared/security';
import { apiTokenEntity } from './entities/accounts.ts';
import { sessionEntity } from './entities/sessions.ts';
import { isUuid } from './keys.ts';
import type { SessionRepository } from './repositories/index.ts';

/** Expired sessions that each new one removes, so that they never pile up and no sign-in pays for many. */
const removedAtOnce = 10;

/** When a session that is used now ends. @param created a column or parameter, in SQL */
const end = (created: string): string =>
  `least(now() + interval '${idleSessionSeconds} seconds', ${created} + interval '${longestSessionSeconds} seconds')`;

const validToken = 't.revoked_at is null and (t.expires_at is null or t.expires_at > now())';

export class Sessions implements SessionRepository {
  readonly #dataSource: DataSource;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids) {
    this.#dataSource = dataSource;
    this.#ids = ids;
  }

  async create(token: ApiToken): Promise<{ session: Session; secret: Secret }> {
    const id = this.#ids.uuid();
    const secret = newSessionSecret();
    await this.#dataSource.query(
      `insert into holdfast.sessions (id, hash, token_id, account_id, expires_at) values ($1, $2, $3, $4, ${end('now()')})`,
      [id, hashToken(secret), token.id, token.accountId],
    );
    await this.#removeExpired();
    return { session: await this.#dataSource.manager.findOneByOrFail(sessionEntity, { id }), secret };
  }

  async authenticate(secret: Secret): Promise<{ session: Session; token: ApiToken } | null> {
    const { entities, raw } = await this.#dataSource.manager
      .createQueryBuilder(apiTokenEntity, 't')
      .innerJoin('Session', 's', 's.token_id = t.id')
      .addSelect(['s.id as sid', 's.created_at as created', 's.seen_at as seen', 's.expires_at as ends'])
      .addSelect(`s.seen_at < now() - interval '1 minute'`, 'use')
      .where('s.hash = :hash', { hash: hashToken(secret) })
      .andWhere(`s.expires_at > now() and ${validToken}`)
      .getRawAndEntities<{ sid: string; created: Date; seen: Date; ends: Date; use: boolean }>();
    const [token] = entities;
    const [row] = raw;
    if (!token || !row) return null;
    const { id: tokenId, accountId } = token;
    const session = { id: row.sid, tokenId, accountId, createdAt: row.created, seenAt: row.seen, expiresAt: row.ends };
    return row.use ? await this.#use(session, token) : { session, token };
  }

  async end(id: string): Promise<void> {
    if (isUuid(id)) await this.#dataSource.manager.delete(sessionEntity, { id });
  }

  async stillValid(sessionIds: readonly string[], tokenIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#dataSource.query<{ id: string }[]>(
      `select t.id from holdfast.api_tokens t where t.id = any ($2::uuid[]) and ${validToken}
       union all
       select s.id from holdfast.sessions s join holdfast.api_tokens t on t.id = s.token_id
       where s.id = any ($1::uuid[]) and s.expires_at > now() and ${validToken}`,
      [sessionIds, tokenIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Records the use of the session, which is one of its token too. */
  async #use(session: Session, token: ApiToken): Promise<{ session: Session; token: ApiToken }> {
    const [used] = await this.#dataSource.query<{ at: Date; expiresAt: Date }[]>(
      `with used as (
        update holdfast.sessions set seen_at = now(), expires_at = ${end('created_at')}
        where id = $1 returning seen_at, expires_at
      ), token as (
        update holdfast.api_tokens set last_used_at = now() where id = $2
      ) select seen_at as at, expires_at as "expiresAt" from used`,
      [session.id, token.id],
    );
    // Ended by somebody else meanwhile: this request was still let in.
    if (!used) return { session, token };
    return {
      session: { ...session, seenAt: used.at, expiresAt: used.expiresAt },
      token: { ...token, lastUsedAt: used.at },
    };
  }

  async #removeExpired(): Promise<void> {
    await this.#dataSource.query(
      `delete from holdfast.sessions where id in (
        select s.id from holdfast.sessions s join holdfast.api_tokens t on t.id = s.token_id
        where s.expires_at <= now() or not (${validToken})
        order by s.expires_at limit $1 for update of s skip locked
      )`,
      [removedAtOnce],
    );
  }
}
