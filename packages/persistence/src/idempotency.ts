import type { DataSource } from 'typeorm';
import type { Ids, Secret } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import type { HeldKey, IdempotencyRepository, KeyState, RepeatableRequest } from './repositories/index.ts';
import { answerContext, openSealed } from './sealed.ts';

const lifetime = `interval '1 day'`;

/** Old keys that each new one removes, so that they never pile up and no request pays for many. */
const removedAtOnce = 10;

interface Row {
  fingerprint: string;
  status: number | null;
  answer: string | null;
}

const context = ({ accountId, key }: { accountId: number; key: string }): string => answerContext(accountId, key);

export class IdempotencyKeys implements IdempotencyRepository {
  readonly #dataSource: DataSource;
  readonly #box: SecretBox;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, box: SecretBox, ids: Ids) {
    this.#dataSource = dataSource;
    this.#box = box;
    this.#ids = ids;
  }

  async begin(request: RepeatableRequest, patienceSeconds: number): Promise<KeyState> {
    const { accountId, key, fingerprint } = request;
    for (;;) {
      const [taken] = await this.#dataSource.query<Pick<HeldKey, 'resourceId' | 'begunAt'>[]>(
        `with begun as (
          insert into holdfast.idempotency_keys as k (account_id, key, fingerprint, resource_id)
          values ($1, $2, $3, $4)
          on conflict (account_id, key) do update set
            fingerprint = excluded.fingerprint,
            resource_id = case when k.status is null and k.fingerprint = excluded.fingerprint
              then k.resource_id else excluded.resource_id end,
            begun_at = now(), status = null, answer = null
          where k.begun_at <= now() - ${lifetime}
            or (k.status is null and k.begun_at <= now() - make_interval(secs => $5))
          returning resource_id, begun_at
        ) select resource_id as "resourceId", begun_at::text as "begunAt" from begun`,
        [accountId, key, fingerprint, this.#ids.uuid(), patienceSeconds],
      );
      if (taken) {
        await this.#removeOld();
        return { state: 'held', held: { accountId, key, ...taken } };
      }
      const [row] = await this.#dataSource.query<Row[]>(
        'select fingerprint, status, answer from holdfast.idempotency_keys where account_id = $1 and key = $2',
        [accountId, key],
      );
      // Released between the two statements: it can be had now.
      if (row) return this.#stateOf(row, request);
    }
  }

  #stateOf({ fingerprint, status, answer }: Row, request: RepeatableRequest): KeyState {
    if (fingerprint !== request.fingerprint) return { state: 'taken' };
    if (status === null || answer === null) return { state: 'running' };
    return { state: 'answered', status, answer: openSealed(this.#box, answer, context(request)) };
  }

  async keep(held: HeldKey, status: number, answer: Secret): Promise<void> {
    await this.#dataSource.query(
      `update holdfast.idempotency_keys set status = $4, answer = $5
       where account_id = $1 and key = $2 and begun_at = $3::timestamptz and status is null`,
      [held.accountId, held.key, held.begunAt, status, this.#box.seal(answer, context(held))],
    );
  }

  async release(held: HeldKey, made: 'nothing' | 'perhaps'): Promise<void> {
    const free =
      made === 'nothing'
        ? 'delete from holdfast.idempotency_keys'
        : `update holdfast.idempotency_keys set begun_at = now() - ${lifetime} / 2`;
    await this.#dataSource.query(
      `${free} where account_id = $1 and key = $2 and begun_at = $3::timestamptz and status is null`,
      [held.accountId, held.key, held.begunAt],
    );
  }

  async #removeOld(): Promise<void> {
    await this.#dataSource.query(
      `delete from holdfast.idempotency_keys where (account_id, key) in (
        select account_id, key from holdfast.idempotency_keys where begun_at <= now() - ${lifetime}
        order by begun_at limit $1 for update skip locked
      )`,
      [removedAtOnce],
    );
  }
}
