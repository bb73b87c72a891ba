import type { EntityManager } from 'typeorm';
import type { DatabaseUsage, DestinationUsage } from './repositories/index.ts';

const kept = `w.status = 'done' and w.deletion_requested_at is null`;
const stored = {
  good: `${kept} and w.damaged_at is null`,
  damaged: `${kept} and w.damaged_at is not null`,
  leaving: `w.deletion_requested_at is not null`,
};
const unstored = {
  waiting: `w.status in ('scheduled', 'pending')`,
  failed: `w.status = 'error' and w.deletion_requested_at is null`,
};

const columns = [
  // A sum of sizes is exact as a double up to 9 PB.
  ...Object.entries(stored).map(
    ([name, is]) => `jsonb_build_object('backups', count(*) filter (where ${is}),
      'bytes', coalesce(sum(w.size) filter (where ${is}), 0)::double precision) as ${name}`,
  ),
  ...Object.entries(unstored).map(([name, is]) => `(count(*) filter (where ${is}))::integer as ${name}`),
  `max(w.started_at) filter (where ${stored.good}) as "newestAt"`,
];

const byDatabase = `
  select d.id, d.name, d.type, ${columns.join(', ')}
  from holdfast.backups w join holdfast.databases d on d.id = w.database_id
  where w.destination_id = $1 and w.deleted_at is null
  group by d.id
  order by coalesce(sum(w.size), 0) desc, d.name`;

const byRecipient = `
  select recipient, count(*)::integer as backups
  from holdfast.backups w left join lateral unnest(w.recipients) as recipient on true
  where w.destination_id = $1 and ${kept}
  group by recipient order by backups desc, recipient`;

/** What the catalogue says that a destination holds. */
export async function usageOf(manager: EntityManager, id: number): Promise<DestinationUsage> {
  const databases = await manager.query<DatabaseUsage[]>(byDatabase, [id]);
  const recipients = await manager.query<{ recipient: string | null; backups: number }[]>(byRecipient, [id]);
  return {
    databases,
    unencrypted: recipients.find(({ recipient }) => recipient === null)?.backups ?? 0,
    recipients: recipients.flatMap(({ recipient, backups }) => (recipient === null ? [] : [{ recipient, backups }])),
  };
}
