import type { DataSource } from 'typeorm';
import type { RowMetric, Sample } from '@holdfast/shared/observability';
import { requireFittingSchema } from '../migrate.ts';
import type { DatabaseProtection, MetricsRepository, ProtectionRepository } from '../repositories/index.ts';
import { databaseQueries, shared, totalQueries } from './queries.ts';

const omitted = `
  select '{}'::jsonb as labels,
    (select count(*) from holdfast.databases) - (select count(*) from databases) as value`;

const queries: Readonly<Partial<Record<RowMetric, string>>> = {
  ...databaseQueries,
  ...totalQueries,
  holdfast_metrics_databases_omitted: omitted,
};

/** One statement for all of them, so that they tell of one moment. */
const statement = `with ${shared} ${Object.entries(queries)
  .map(
    ([metric, query]) => `select '${metric}' as metric, labels, value::double precision from (${query}) of_${metric}`,
  )
  .join('\nunion all\n')}`;

export interface MetricsOptions {
  /** Judges databases by what is so now. */
  protection: Pick<ProtectionRepository, 'of'>;
  /** After which a service that was not heard is silent. */
  silentSeconds: number;
}

export class Metrics implements MetricsRepository {
  readonly #dataSource: DataSource;
  readonly #options: MetricsOptions;

  constructor(dataSource: DataSource, options: MetricsOptions) {
    this.#dataSource = dataSource;
    this.#options = options;
  }

  async read(mostDatabases: number): Promise<Sample[]> {
    const fits = await requireFittingSchema(this.#dataSource).then(
      () => true,
      () => false,
    );
    const schema: Sample = { metric: 'holdfast_schema_current', labels: {}, value: fits ? 1 : 0 };
    const samples = await this.#dataSource.query<Sample[]>(statement, [mostDatabases, this.#options.silentSeconds]);
    const isOmitted = samples.some(({ metric, value }) => metric === 'holdfast_metrics_databases_omitted' && value > 0);
    return [schema, ...samples, ...(isOmitted ? [] : await this.#protection())];
  }

  async #protection(): Promise<Sample[]> {
    const accounts = await this.#dataSource.query<{ id: number; name: string }[]>(
      `select a.id, a.name from holdfast.accounts a
       where exists (select from holdfast.databases d where d.account_id = a.id) order by a.id`,
    );
    const samples: Sample[] = [];
    for (const { id, name } of accounts) {
      for (const judged of await this.#options.protection.of(id)) samples.push(...samplesOf(name, judged));
    }
    return samples;
  }
}

const seconds = (moment: Date): number => moment.getTime() / 1000;

function samplesOf(
  account: string,
  { database: { id, name }, state, objectives, newestGood, nextSlotAt, restore }: DatabaseProtection,
): Sample[] {
  const labels = { account, database: id, name };
  const sample = (metric: RowMetric, value: number, more: Record<string, string> = {}): Sample => ({
    metric,
    labels: { ...labels, ...more },
    value,
  });
  return [
    sample('holdfast_database_protection', 1, { state }),
    sample('holdfast_database_rpo_seconds', objectives.rpoSeconds),
    ...(newestGood
      ? [sample('holdfast_database_newest_good_backup_timestamp_seconds', seconds(newestGood.madeAt))]
      : []),
    ...(nextSlotAt ? [sample('holdfast_database_next_slot_timestamp_seconds', seconds(nextSlotAt))] : []),
    ...(restore ? [sample('holdfast_database_restore_seconds', restore.seconds, { basis: restore.basis })] : []),
  ];
}
