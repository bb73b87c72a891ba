import { serviceNames, type AlertKind, type AlertSubject, type ServiceName } from '@holdfast/shared/domain';
import { askedOf, isGood, madeAt, rank } from '../proof.ts';

interface Rule {
  subject: AlertSubject;
  /**
   * A query of `account_id`, `subject_id` (text) and `message` for everything that is wrong now. `$1`: seconds after which a
   * service that was not heard is silent.
   */
  query: string;
}

const moment = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')`;

/** Nothing of what it should hold was found: one alert for the destination says more than one for each backup. */
const notTheStore = (r: string): string => `${r}.error ->> 'code' = 'object_missing'`;

/** Seconds after which a slot that nobody answered makes its database overdue, at the latest. */
const overdueSeconds = 6 * 3600;

/** Minutes after which work that no worker knows is no mere deploy any more. */
const unknownMinutes = 10;
const waitsForEngine = `status = 'scheduled' and error ->> 'code' = 'engine_unknown'`;

/** Minutes after which a time of a policy that nobody took, or a run that nobody began, is overdue. */
const runMinutes = 15;

/** What does not happen while a service is silent. */
const lacking: Readonly<Record<ServiceName, string>> = {
  api: 'nobody can ask for anything',
  scheduler: 'no planned backup is begun, and no lost work is taken back',
  worker: 'nothing is backed up, restored or verified',
  sentinel: 'nobody is told of anything',
};
const services = serviceNames.map((service) => `('${service}', '${lacking[service]}')`).join(', ');

/** What the sentinel judged of databases and wants told under that kind. */
const judged = (kind: AlertKind): string => `
  select d.account_id, d.id::text as subject_id, p.message
  from holdfast.protection_states p join holdfast.databases d on d.id = p.database_id where p.alert = '${kind}'`;

/** Hours after which a verification that was planned and still waits is overdue. */
const verificationHours = 24;

/** Minutes after which a channel to which nothing can be delivered is no mere outage any more. */
const failingMinutes = 15;

/** The run of the policy `p` that last ended, whoever asked for it, but for those that were cancelled. */
const newestRun = `
  select * from holdfast.policy_runs r where r.policy_id = p.id and r.completed_at is not null
    and not (r.status = 'error' and r.error ->> 'code' = 'cancelled')
  order by r.created_at desc, r.id desc limit 1`;

/**
 * When there is an alert, one rule for each kind. Every rule reads only rows, so that an alert is raised and cleared by what
 * is so and not by who was there to see it happen.
 */
export const alertRules: Readonly<Record<AlertKind, Rule>> = {
  backup_failed: {
    subject: 'database',
    query: `
      select d.account_id, d.id::text as subject_id, format('The last backup of "%s" failed: %s', d.name, b.error ->> 'message') as message
      from holdfast.databases d cross join lateral (
        select * from holdfast.backups b where b.database_id = d.id and b.completed_at is not null
          and not (b.status = 'error' and b.error ->> 'code' = 'cancelled')
        order by b.created_at desc, b.id desc limit 1) b
      -- What vanished is asked about, once.
      where b.status = 'error' and b.deletion_requested_at is null and d.vanished_at is null`,
  },
  // The newest slot that should have led to a good backup by now: the one before the newest, or one of hours ago.
  backup_overdue: {
    subject: 'schedule',
    query: `
      select s.account_id, s.id::text as subject_id, format(
        'No good backup of "%s" was begun since its slot of %s; %s.', d.name, ${moment('due.scheduled_for')},
        coalesce('the newest good one is of ' || ${moment('newest.begun_at')}, 'there is none')) as message
      from holdfast.schedules s join holdfast.databases d on d.id = s.database_id
      cross join lateral (
        select max(scheduled_for) as scheduled_for from (
          select scheduled_for, run_at, row_number() over (order by scheduled_for desc) as age from holdfast.slots
          where schedule_id = s.id and run_at <= now() order by scheduled_for desc limit 50
        ) past where age = 2 or run_at <= now() - interval '${overdueSeconds} seconds'
      ) due
      left join lateral (
        select ${madeAt('b')} as begun_at from holdfast.backups b
        where b.database_id = d.id and b.status = 'done' and ${isGood('b')}
        order by b.completed_at desc limit 1
      ) newest on true
      where s.enabled and d.vanished_at is null and due.scheduled_for > coalesce(newest.begun_at, '-infinity')`,
  },
  slots_missed: {
    subject: 'schedule',
    query: `
      select s.account_id, s.id::text as subject_id, format(
        '%s planned backups of "%s" were missed, the last one of %s: nobody was there to begin them.',
        missed.count, d.name, ${moment('missed.last')}) as message
      from holdfast.schedules s join holdfast.databases d on d.id = s.database_id
      cross join lateral (
        select sum(m.covers) as count, max(m.scheduled_for) as last from holdfast.slots m
        where m.schedule_id = s.id and m.status = 'missed' and not exists (
          select from holdfast.slots later
          where later.schedule_id = s.id and later.status = 'done' and later.scheduled_for > m.scheduled_for)
      ) missed
      where s.enabled and missed.count > 0`,
  },
  backup_damaged: {
    subject: 'backup',
    query: `
      select b.account_id, b.id::text as subject_id, format(
        case b.damage ->> 'state'
          when 'unfaithful' then 'The backup %1$s does not restore to what was backed up, as was found at %2$s: %3$s'
          else 'What the store holds of the backup %1$s is missing or changed since %2$s: it may not be restorable.'
        end,
        b.name, ${moment('b.damaged_at')}, b.damage ->> 'detail') as message
      from holdfast.backups b where b.damaged_at is not null and b.deletion_requested_at is null
        and not exists (
          select from holdfast.reconciliations r where r.destination_id = b.destination_id and ${notTheStore('r')})`,
  },
  // Of each database the newest one of each level that nobody cancelled, and that none after it has made good.
  verification_failed: {
    subject: 'database',
    query: `
      select distinct on (f.of_database) f.account_id, f.of_database::text as subject_id, case f.status
        when 'error' then format('The backup %s of "%s" could not be verified: %s', f.backup, d.name, f.error ->> 'message')
        else format('The verification of the backup %s of "%s" came to "%s" instead of "%s": %s',
          f.backup, d.name, coalesce(f.reached, 'nothing'), f.level, f.findings -> 0 ->> 'message')
        end as message
      from (
        select distinct on (b.database_id, v.level) v.*, b.database_id as of_database, b.name as backup
        from holdfast.verifications v join holdfast.backups b on b.id = v.backup_id
        where v.completed_at is not null and v.reached is distinct from v.level and v.cause <> 'manual'
          and (v.status = 'done' or v.error ->> 'code' <> 'cancelled') and b.deletion_requested_at is null
          and (v.cause <> 'policy' or b.schedule_id is null or ${askedOf('b')} >= ${rank('v.level')})
        order by b.database_id, v.level, v.completed_at desc
      ) f join holdfast.databases d on d.id = f.of_database
      where not exists (
        select from holdfast.backups b join holdfast.verifications v on v.backup_id = b.id
        where b.database_id = f.of_database and v.completed_at > f.completed_at and ${rank('v.reached')} >= ${rank('f.level')})
      order by f.of_database, f.completed_at desc`,
  },
  verification_overdue: {
    subject: 'database',
    query: `
      select d.account_id, d.id::text as subject_id, format(
        'A backup of "%s" waits since %s for its verification: look whether workers run, and whether there is room on their server.',
        d.name, ${moment('min(v.created_at)')}) as message
      from holdfast.verifications v join holdfast.backups b on b.id = v.backup_id
      join holdfast.databases d on d.id = b.database_id
      where v.status = 'scheduled' and v.cause <> 'manual' and v.created_at <= now() - interval '${verificationHours} hours'
      group by d.id`,
  },
  // Of each database the newest attempt whose hooks have run: what was to be undone after it may last.
  hook_failed: {
    subject: 'database',
    query: `
      select d.account_id, d.id::text as subject_id, format(
        'A hook after a backup of "%s" failed, and what it was to undo may last: %s %s.', d.name, h.name, h.problem) as message
      from holdfast.databases d cross join lateral (
        select a.backup_id, a.attempt from holdfast.backup_attempts a join holdfast.backups b on b.id = a.backup_id
        where b.database_id = d.id and a.hooks_closed_at is not null order by a.hooks_closed_at desc limit 1
      ) newest
      cross join lateral (
        select name, problem from (
          select distinct on (position) * from holdfast.hook_runs
          where backup_id = newest.backup_id and attempt = newest.attempt and phase = 'after'
          order by position, started_at desc
        ) last where outcome = 'failed' order by position limit 1
      ) h
      where d.id in (
        select b.database_id from holdfast.hook_runs r join holdfast.backups b on b.id = r.backup_id
        where r.phase = 'after' and r.outcome = 'failed')`,
  },
  engine_unknown: {
    subject: 'database',
    query: `
      select d.account_id, d.id::text as subject_id, format(
        'Work on "%s" waits since %s: the workers here do not know databases of the kind "%s". Start workers of a version that does.',
        d.name, ${moment('min(w.created_at)')}, d.type) as message
      from (
        select database_id, created_at from holdfast.backups where ${waitsForEngine}
        union all select database_id, created_at from holdfast.restores where ${waitsForEngine}
        union all select database_id, created_at from holdfast.verifications where ${waitsForEngine}
      ) w join holdfast.databases d on d.id = w.database_id
      where w.created_at <= now() - interval '${unknownMinutes} minutes' group by d.id`,
  },
  deletion_failed: {
    subject: 'backup',
    query: `
      select b.account_id, b.id::text as subject_id, format(
        'The objects of the deleted backup %s could not be removed and will be tried again: %s',
        b.name, b.deletion_error ->> 'message') as message
      from holdfast.backups b where b.deletion_error is not null and b.deletion_requested_at is not null and b.deleted_at is null`,
  },
  reconciliation_failed: {
    subject: 'destination',
    query: `
      select d.account_id, d.id::text as subject_id, format(
        'What the destination "%s" holds could not be compared with the backups: %s', d.label, r.error ->> 'message') as message
      from holdfast.reconciliations r join holdfast.destinations d on d.id = r.destination_id
      where r.error is not null and d.deletion_requested_at is null`,
  },
  orphans_found: {
    subject: 'destination',
    query: `
      select d.account_id, d.id::text as subject_id, format(
        'The destination "%s" holds %s objects or unfinished uploads that no backup owns. They are listed in its reconciliation and are not touched.',
        d.label, o.count) as message
      from holdfast.destinations d join (
        select destination_id, count(*) as count from holdfast.orphans
        where removed_at is null and not known group by destination_id
      ) o on o.destination_id = d.id
      where d.deletion_requested_at is null`,
  },
  database_vanished: {
    subject: 'database',
    query: `
      select d.account_id, d.id::text as subject_id, format(
        'The database "%s" is not on the server of the policy "%s" any more, since %s: say whether this is as it should be. Its backups stay as they are.',
        d.database, p.name, ${moment('d.vanished_at')}) as message
      from holdfast.databases d join holdfast.policies p on p.id = d.policy_id
      where d.vanished_at is not null and d.vanish_expected is not true`,
  },
  run_failed: {
    subject: 'policy',
    query: `
      select p.account_id, p.id::text as subject_id, why.message
      from holdfast.policies p cross join lateral (
        select 1 as place, format(
          'A run of the policy "%s" waits since %s, and nothing is backed up: the workers here do not know servers of the kind "%s". Start workers of a version that does.',
          p.name, ${moment('r.created_at')}, p.type) as message
        from holdfast.policy_runs r
        where r.policy_id = p.id and ${waitsForEngine} and r.created_at <= now() - interval '${unknownMinutes} minutes'
        union all
        select 2, format(
          'The last run of the policy "%s" could not list the databases of its server, so that none was backed up: %s',
          p.name, r.error ->> 'message')
        from (${newestRun}) r where r.status = 'error'
        order by place limit 1
      ) why`,
  },
  run_overdue: {
    subject: 'policy',
    query: `
      select p.account_id, p.id::text as subject_id, why.message
      from holdfast.policies p cross join lateral (
        select 1 as place, format(
          'A run of the policy "%s" waits since %s for a worker, and nothing is backed up: see that one runs.',
          p.name, ${moment('r.run_after')}) as message
        from holdfast.policy_runs r
        where r.policy_id = p.id and r.status = 'scheduled' and r.run_after <= now() - interval '${runMinutes} minutes'
          and r.error ->> 'code' is distinct from 'engine_unknown'
        union all
        select 2, format('The policy "%s" was due at %s, and nobody began a run: see that a scheduler runs.',
          p.name, ${moment('p.next_run_at')})
        where p.enabled and p.next_run_at <= now() - interval '${runMinutes} minutes'
        order by place limit 1
      ) why`,
  },
  protection_lost: { subject: 'database', query: judged('protection_lost') },
  protection_at_risk: { subject: 'database', query: judged('protection_at_risk') },
  // A service has that long from when a sentinel begins to listen, so that a start or an outage of our own database tells of
  // nobody; what was told already is not over by that.
  service_silent: {
    subject: 'service',
    query: `
      select a.id as account_id, s.service as subject_id, format('No %s %s: %s. Start one, or look in its log.',
        s.service, coalesce('was heard since ' || ${moment('newest.seen_at')}, 'was ever heard'), s.lacking) as message
      from holdfast.accounts a cross join (values ${services}) s (service, lacking)
      cross join (
        select min(steady_since) as since from holdfast.service_instances
        where service = 'sentinel' and seen_at >= now() - make_interval(secs => $1)
      ) listening
      cross join lateral (
        select max(seen_at) as seen_at from holdfast.service_instances i where i.service = s.service
      ) newest
      where coalesce(newest.seen_at, '-infinity') < now() - make_interval(secs => $1) and (
        listening.since < now() - make_interval(secs => $1) or exists (
          select from holdfast.alerts o where o.account_id = a.id and o.kind = 'service_silent'
            and o.subject_type = 'service' and o.subject_id = s.service and o.cleared_at is null))`,
  },
  // At once where the other side says that there is nothing any more, otherwise when it lasts.
  notifications_failing: {
    subject: 'channel',
    query: `
      select c.account_id, c.id::text as subject_id, format(
        'Nothing can be delivered to the notification channel "%s" since %s: %s Try its test, and look at its settings.',
        c.name, ${moment('c.failing_since')}, c.last_error) as message
      from holdfast.notification_channels c
      where c.enabled and (c.failing_since <= now() - interval '${failingMinutes} minutes'
        or (c.failing_since is not null and c.last_status in (404, 410)))`,
  },
  run_suspicious: {
    subject: 'policy',
    query: `
      select p.account_id, p.id::text as subject_id, format('The last run of the policy "%s": %s', p.name, r.findings ->> 'suspicious') as message
      from holdfast.policies p cross join lateral (${newestRun}) r where r.findings ->> 'suspicious' is not null`,
  },
};
