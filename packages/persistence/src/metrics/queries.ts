import { alertKinds, protectionStates, serviceNames, severityOf, verificationLevels } from '@holdfast/shared/domain';
import type { RowMetric } from '@holdfast/shared/observability';
import { rank } from '../proof.ts';

/** Minutes after which a judgement of the sentinel says nothing any more. */
const judgedMinutes = 10;

const listed = (values: readonly string[]): string => values.map((value) => `('${value}')`).join(', ');

/** Seconds since an instant that lies in the past, as a number. */
const age = (instant: string): string => `greatest(0, extract(epoch from now() - ${instant}))`;
const timestamp = (instant: string): string => `extract(epoch from ${instant})`;

/** What names the series of the database `d`, as the beginning of a JSON object; `a` is its account. */
const ofDatabase = `'account', a.name, 'database', d.id, 'name', d.name`;
const databases = `databases d join holdfast.accounts a on a.id = d.account_id`;

/** A query of `labels` (JSON) and `value` for each metric that belongs to a database alone. */
export const databaseQueries: Readonly<Partial<Record<RowMetric, string>>> = {
  holdfast_database_verified_timestamp_seconds: `
    select jsonb_build_object(${ofDatabase}, 'level', l.level) as labels, ${timestamp('max(b.verified_at)')} as value
    from ${databases} join of_backups b on b.database_id = d.id
    join (values ${listed(verificationLevels)}) l (level)
      on ${rank('b.verified_level')} >= ${rank('l.level')}
    where b.verified_at is not null group by a.name, d.id, d.name, l.level`,
  holdfast_database_slots_missed: `
    select jsonb_build_object(${ofDatabase}) as labels, coalesce(sum(m.covers), 0) as value
    from ${databases} join holdfast.schedules s on s.database_id = d.id and s.enabled
    left join holdfast.slots m on m.schedule_id = s.id and m.status = 'missed' and not exists (
      select from holdfast.slots later
      where later.schedule_id = s.id and later.status = 'done' and later.scheduled_for > m.scheduled_for)
    group by a.name, d.id, d.name`,
};

const workStatuses = ['scheduled', 'pending', 'done', 'error'];

/** What may begin now, by kind: the table of its rows. */
const work: readonly (readonly [kind: string, table: string])[] = [
  ['backup', 'backups'],
  ['restore', 'restores'],
  ['verification', 'verifications'],
  ['run', 'policy_runs'],
];

const forWork = (value: string, from: (table: string) => string): string =>
  work
    .map(([kind, table]) => `select jsonb_build_object('kind', '${kind}') as labels, ${value} as value ${from(table)}`)
    .join('\nunion all ');
const due = (table: string): string =>
  `from holdfast.${table} w where w.status = 'scheduled' and w.server_id is null and w.run_after <= now()`;

/** Deleted backups whose objects a store still has. */
const unremoved = `holdfast.backups b where b.deletion_requested_at is not null and b.deleted_at is null`;
const overdue = `${unremoved} and b.deletion_due_at <= now()`;

/** What the sentinel last found, of each database. */
const judged = `
  select d.account_id, case when p.judged_at > now() - interval '${judgedMinutes} minutes' then p.state else 'unknown' end as state
  from holdfast.databases d left join holdfast.protection_states p on p.database_id = d.id`;

const kinds = alertKinds.map((kind) => `('${kind}', '${severityOf(kind)}')`).join(', ');

const waitingDelivery = `holdfast.notification_deliveries n
  join holdfast.notification_channels c on c.id = n.channel_id and c.enabled
  where n.status in ('scheduled', 'pending') and n.next_attempt_at <= now()`;

/** The same for each metric that is of accounts or of the whole installation. */
export const totalQueries: Readonly<Partial<Record<RowMetric, string>>> = {
  holdfast_databases: `
    select jsonb_build_object('account', a.name, 'state', s.state) as labels, count(j.state) as value
    from holdfast.accounts a cross join (values ${listed(protectionStates)}) s (state)
    left join (${judged}) j on j.account_id = a.id and j.state = s.state group by a.name, s.state`,
  holdfast_alerts_open: `
    select jsonb_build_object('account', a.name, 'kind', k.kind, 'severity', k.severity, 'acknowledged', y.acknowledged::text)
      as labels, count(o.id) as value
    from holdfast.accounts a cross join (values ${kinds}) k (kind, severity) cross join (values (true), (false)) y (acknowledged)
    left join holdfast.alerts o on o.account_id = a.id and o.kind = k.kind and o.cleared_at is null
      and (o.acknowledged_at is not null) = y.acknowledged
    group by a.name, k.kind, k.severity, y.acknowledged`,
  holdfast_service_instances: `
    select jsonb_build_object('service', s.service) as labels, count(i.instance) as value
    from (values ${listed(serviceNames)}) s (service)
    left join holdfast.service_instances i on i.service = s.service and i.seen_at > now() - make_interval(secs => $2)
    group by s.service`,
  holdfast_service_seen_timestamp_seconds: `
    select jsonb_build_object('service', i.service) as labels, ${timestamp('max(i.seen_at)')} as value
    from holdfast.service_instances i group by i.service`,
  holdfast_notification_deliveries: `
    select jsonb_build_object('status', s.status) as labels, count(n.id) as value
    from (values ${listed(workStatuses)}) s (status) left join holdfast.notification_deliveries n on n.status = s.status
      and (n.ended_at is null or n.ended_at > now() - interval '1 day')
    group by s.status`,
  holdfast_notification_oldest_waiting_age_seconds: `
    select '{}'::jsonb as labels, coalesce(max(${age('n.next_attempt_at')}), 0) as value from ${waitingDelivery}`,
  holdfast_backups: `
    select jsonb_build_object('account', a.name, 'status', s.status) as labels, coalesce(sum(b.count), 0) as value
    from holdfast.accounts a cross join (values ${listed(workStatuses)}) s (status)
    left join of_backups b on b.account_id = a.id and b.status = s.status group by a.name, s.status`,
  holdfast_backup_stored_bytes: `
    select jsonb_build_object('account', a.name) as labels, coalesce(sum(b.bytes), 0) as value
    from holdfast.accounts a left join of_backups b on b.account_id = a.id group by a.name`,
  holdfast_backups_damaged: `
    select jsonb_build_object('account', a.name) as labels, coalesce(sum(b.damaged), 0) as value
    from holdfast.accounts a left join of_backups b on b.account_id = a.id group by a.name`,
  holdfast_work_due: forWork('count(*)', due),
  holdfast_work_oldest_due_age_seconds: forWork(`coalesce(max(${age('w.run_after')}), 0)`, due),
  holdfast_work_running: forWork('count(*)', (table) => `from holdfast.${table} w where w.status = 'pending'`),
  holdfast_deletions_waiting: `
    select '{}'::jsonb as labels, count(*) as value from ${unremoved} and b.deletion_due_at > now()`,
  holdfast_deletions_overdue: `select '{}'::jsonb as labels, count(*) as value from ${overdue}`,
  holdfast_deletion_oldest_overdue_age_seconds: `
    select '{}'::jsonb as labels, coalesce(max(${age('b.deletion_due_at')}), 0) as value from ${overdue}`,
  holdfast_retention_oldest_check_timestamp_seconds: `
    select '{}'::jsonb as labels, ${timestamp('min(s.retention_checked_at)')} as value
    from holdfast.schedules s where s.retention_checked_at is not null having count(*) > 0`,
  holdfast_orphans: `
    select jsonb_build_object('known', k.known::text) as labels, count(o.key) as value
    from (values (true), (false)) k (known) left join holdfast.orphans o on o.known = k.known and o.removed_at is null
    group by k.known`,
  holdfast_orphan_bytes: `
    select jsonb_build_object('known', k.known::text) as labels, coalesce(sum(o.size), 0) as value
    from (values (true), (false)) k (known) left join holdfast.orphans o on o.known = k.known and o.removed_at is null
    group by k.known`,
  holdfast_reconciliations_failed: `
    select '{}'::jsonb as labels, count(*) as value from holdfast.reconciliations r where r.error is not null`,
  holdfast_reconciliation_oldest_success_timestamp_seconds: `
    select '{}'::jsonb as labels, ${timestamp('min(coalesce(r.succeeded_at, d.created_at))')} as value
    from holdfast.destinations d left join holdfast.reconciliations r on r.destination_id = d.id
    where d.deletion_requested_at is null having count(*) > 0`,
};

/** The rows of all backups, read once: `of_backups`; and the databases that have series of their own, of which there are at most `$1`. `$2`: seconds after which a service is silent. */
export const shared = `
  of_backups as materialized (
    select b.account_id, b.database_id, b.status, b.verified_level, max(b.verified_at) as verified_at, count(*) as count,
      sum(b.size) as bytes, count(*) filter (where b.damaged_at is not null) as damaged
    from holdfast.backups b where b.deletion_requested_at is null
    group by b.account_id, b.database_id, b.status, b.verified_level
  ), databases as materialized (
    select d.* from holdfast.databases d where (select count(*) from holdfast.databases) <= $1
  )`;
