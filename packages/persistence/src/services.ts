import type { DataSource } from 'typeorm';
import { serviceNames, type ServiceState } from '@holdfast/shared/domain';
import type { Heartbeat, ServiceRepository } from './repositories/index.ts';

export class Services implements ServiceRepository {
  readonly #dataSource: DataSource;
  readonly #silentSeconds: number;

  /** @param silentSeconds after which one that was not heard is silent */
  constructor(dataSource: DataSource, silentSeconds: number) {
    this.#dataSource = dataSource;
    this.#silentSeconds = silentSeconds;
  }

  async beat({ service, instance, version }: Heartbeat): Promise<void> {
    await this.#dataSource.query(
      `with old as (
        select service, instance from holdfast.service_instances i
        where seen_at < now() - interval '1 day' and instance <> $2 and exists (
          select from holdfast.service_instances later where later.service = i.service and later.seen_at > i.seen_at)
        for update skip locked
      ), forgotten as (
        delete from holdfast.service_instances i using old where i.service = old.service and i.instance = old.instance
      )
      insert into holdfast.service_instances as i (service, instance, version) values ($1, $2, $3)
      on conflict (service, instance) do update set seen_at = clock_timestamp(),
        steady_since = case when i.seen_at < now() - make_interval(secs => $4) then clock_timestamp() else i.steady_since end`,
      [service, instance, version, this.#silentSeconds],
    );
  }

  async list(): Promise<ServiceState[]> {
    return await this.#dataSource.query<ServiceState[]>(
      `select s.service, max(i.seen_at) as "lastSeenAt", count(*) filter (where lives)::integer as instances,
         case when coalesce(bool_or(lives), false) then 'running' else 'silent' end as state
       from unnest($1::text[]) with ordinality s (service, place)
       left join lateral (
         select seen_at, seen_at >= now() - make_interval(secs => $2) as lives
         from holdfast.service_instances i where i.service = s.service
       ) i on true
       group by s.service, s.place order by s.place`,
      [serviceNames, this.#silentSeconds],
    );
  }
}
