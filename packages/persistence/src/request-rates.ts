import type { DataSource } from 'typeorm';
import { only } from './only.ts';
import type { RequestRate, RequestRateRepository } from './repositories/index.ts';

/** Ended windows that each new one removes, so that they never pile up and no request pays for many. */
const removedAtOnce = 10;

export class RequestRates implements RequestRateRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async count(key: string, windowSeconds: number): Promise<RequestRate> {
    // Whoever waited for the row of another may have begun before the window did.
    const rate = only(
      await this.#dataSource.query<RequestRate[]>(
        `with counted as (
          insert into holdfast.request_rates as r (key, hits, resets_at)
          values ($1, 1, now() + make_interval(secs => $2))
          on conflict (key) do update set
            hits = case when r.resets_at > now() then r.hits + 1 else 1 end,
            resets_at = case when r.resets_at > now() then r.resets_at else excluded.resets_at end
          returning hits, resets_at
        ) select hits, least(extract(epoch from resets_at - now()), $2)::float8 as "endsIn" from counted`,
        [key, windowSeconds],
      ),
    );
    if (rate.hits === 1) await this.#removeEnded();
    return rate;
  }

  async uncount(key: string): Promise<void> {
    await this.#dataSource.query(
      'update holdfast.request_rates set hits = hits - 1 where key = $1 and hits > 0 and resets_at > now()',
      [key],
    );
  }

  async forget(key: string): Promise<void> {
    await this.#dataSource.query('delete from holdfast.request_rates where key = $1', [key]);
  }

  async #removeEnded(): Promise<void> {
    await this.#dataSource.query(
      `delete from holdfast.request_rates where key in (
        select key from holdfast.request_rates where resets_at <= now()
        order by resets_at limit $1 for update skip locked
      )`,
      [removedAtOnce],
    );
  }
}
