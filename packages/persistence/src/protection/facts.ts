import {
  reasonKind,
  verificationLevels,
  protectionReasons,
  type AlertKind,
  type ReasonCode,
  type VerificationLevel,
} from '@holdfast/shared/domain';
import { alertRules } from '../alerts/rules.ts';
import { isGood, madeAt } from '../proof.ts';

/** How many of the newest backups tell how long one takes, and of the newest restores how fast one goes. */
const backupsLooked = 5;
const pacesLooked = 9;
/** Minutes after an attempt's end in which its hooks may still be run to theirs. */
const hookMinutes = 10;

const milliseconds = (moment: string): string => `extract(epoch from ${moment}) * 1000`;
const seconds = (from: string, to: string): string => `extract(epoch from ${to} - ${from})`;

/**
 * The newest good backup of the database `d` of which just that much is proven. Of one database one backup runs at a time,
 * so that the one that was completed last is also of the newest content.
 */
const newestGood = (level: VerificationLevel): string => `(
  select json_build_object('backupId', b.id, 'level', b.verified_level, 'madeAt', ${milliseconds(madeAt('b'))})
  from holdfast.backups b
  where b.database_id = d.id and b.status = 'done' and b.verified_level = '${level}' and ${isGood('b')}
  order by b.completed_at desc limit 1)`;

/** Those of the alerts that are reasons: both are asked of the same rules, so that they never say two things. */
const told = (Object.keys(protectionReasons) as ReasonCode[]).flatMap((code) => {
  const { state, alert } = reasonKind(code);
  const rule = alert === null || state === 'unknown' || alert === 'service_silent' ? null : alertRules[alert];
  return rule ? [{ code, ...rule }] : [];
});

/** How a subject of an alert leads to databases. */
const owners: Readonly<Partial<Record<(typeof alertRules)[AlertKind]['subject'], string>>> = {
  database: 'join holdfast.databases d on d.id = f.subject_id::uuid',
  schedule: 'join holdfast.schedules s on s.id = f.subject_id::uuid join holdfast.databases d on d.id = s.database_id',
  policy: 'join holdfast.databases d on d.policy_id = f.subject_id::uuid',
};

const conditions = told
  .map(
    ({ code, subject, query }) => `
      select d.id as database_id, '${code}' as code, f.message
      from (${query}) f ${owners[subject]} where f.account_id = $1 and ($2::uuid is null or d.id = $2)`,
  )
  .join(' union all ');

/** The newest restore of the database `d` that brought all of it, be it for a verification: its seconds. */
const measured = `(
  select seconds from (
    (select ${seconds('a.started_at', 'a.ended_at')} as seconds, a.ended_at
     from holdfast.restores w join holdfast.restore_attempts a on a.restore_id = w.id and a.settled
     where w.database_id = d.id and w.status = 'done' and w.selection is null and w.server_id is null
       and w.target ->> 'mode' <> 'undo' and a.bytes > 0
     order by a.ended_at desc limit 1)
    union all
    (select ${seconds('a.started_at', 'a.ended_at')}, a.ended_at
     from holdfast.backups b join holdfast.verifications v on v.backup_id = b.id and v.reached in ('restorable', 'identical')
     join holdfast.verification_attempts a on a.verification_id = v.id and a.settled
     where b.database_id = d.id and b.status = 'done' and b.verified_level in ('restorable', 'identical')
     order by a.ended_at desc limit 1)
  ) restored order by ended_at desc limit 1)`;

/** Plain bytes of its newest good backup. */
const plainBytes = `(
  select sum(coalesce(f.plain_size, f.size))::double precision from holdfast.backup_files f
  where f.role <> 'content' and f.backup_id = (
    select b.id from holdfast.backups b where b.database_id = d.id and b.status = 'done' and ${isGood('b')}
    order by b.completed_at desc limit 1))`;

/**
 * Everything that the databases of the account `$1`, or `$2` of them alone, are judged by, in one statement and by its clock.
 * `$3`: seconds after which a service that was not heard is silent.
 */
export const factsQuery = `
  with paces as (
    select type, json_agg(json_build_object('bytes', bytes, 'seconds', seconds)) as paces from (
      select t.type, a.bytes, ${seconds('a.started_at', 'a.ended_at')} as seconds,
        row_number() over (partition by t.type order by a.ended_at desc) as age
      from holdfast.restores w join holdfast.restore_attempts a on a.restore_id = w.id and a.settled
      join holdfast.databases t on t.id = w.database_id
      where w.account_id = $1 and w.status = 'done' and w.selection is null and w.server_id is null
        and w.target ->> 'mode' <> 'undo' and a.bytes > 0
    ) newest where age <= ${pacesLooked} group by type
  ), conditions as (
    select database_id, json_agg(json_build_object('code', code, 'message', message)) as told from (${conditions}) c
    group by database_id
  ), open_hooks as (
    select b.database_id, min(a.ended_at) as since
    from holdfast.backup_attempts a join holdfast.backups b on b.id = a.backup_id
    where a.hooks_opened_at is not null and a.hooks_closed_at is null and b.account_id = $1
      and a.ended_at <= now() - interval '${hookMinutes} minutes'
    group by b.database_id
  ), heard as (
    select max(seen_at) filter (where service = 'scheduler') as scheduler,
      max(seen_at) filter (where service = 'worker') as worker from holdfast.service_instances
  )
  select d.id, d.name, d.type, d.created_at as "createdAt",
    greatest(d.created_at, (select max(s.created_at) from holdfast.schedules s where s.database_id = d.id)) as "askedSince",
    now() as now, d.vanished_at as "vanishedAt",
    coalesce(d.objectives, p.objectives) as objectives,
    coalesce((
      select json_agg(json_build_object('enabled', s.enabled, 'cron', s.cron, 'timezone', s.timezone,
        'jitterSeconds', s.jitter_seconds, 'graceSeconds', s.grace_seconds, 'verification', s.verification))
      from holdfast.schedules s where s.database_id = d.id), '[]') as schedules,
    least(
      (select min(l.run_at) from holdfast.schedules s join holdfast.slots l on l.schedule_id = s.id and l.status = 'planned'
       where s.database_id = d.id and s.enabled),
      case when p.enabled and exists (
        select from holdfast.schedules s where s.database_id = d.id and s.policy_id = p.id and s.enabled
      ) then p.next_run_at end) as "nextSlotAt",
    exists (select from holdfast.backups b where b.database_id = d.id) as "wasAsked",
    exists (select from holdfast.backups b where b.database_id = d.id and b.status = 'done') as "wasDone",
    exists (
      select from holdfast.backups b where b.database_id = d.id and b.status in ('scheduled', 'pending')) as "isUnderWay",
    json_build_object(${verificationLevels.map((level) => `'${level}', ${newestGood(level)}`).join(', ')}) as newest,
    (select max(${seconds('made_at', 'completed_at')})::double precision from (
       select ${madeAt('b')} as made_at, b.completed_at from holdfast.backups b
       where b.database_id = d.id and b.status = 'done' and b.imported_at is null
       order by b.completed_at desc limit ${backupsLooked}) b) as "backupSeconds",
    ${measured}::double precision as "measuredSeconds",
    case when coalesce(d.objectives, p.objectives) ? 'rtoSeconds' then ${plainBytes} end as "plainBytes",
    coalesce(paces.paces, '[]') as paces,
    d.server_id is null and d.host is null and d.type not in ('sqlite', 'files') as "lacksConnection",
    case when r.id is not null then json_build_object('name', r.name, 'seenAt', ${milliseconds('r.last_seen_at')}) end as server,
    open_hooks.since as "hooksOpenSince",
    coalesce(conditions.told, '[]') as conditions,
    json_build_object('scheduler', ${milliseconds('heard.scheduler')}, 'worker', ${milliseconds('heard.worker')}) as services,
    $3::double precision as "silentSeconds", last.state as "lastState", last.since as "lastSince"
  from holdfast.databases d cross join heard
  left join holdfast.policies p on p.id = d.policy_id
  left join holdfast.servers r on r.id = d.server_id
  left join paces on paces.type = d.type
  left join open_hooks on open_hooks.database_id = d.id
  left join conditions on conditions.database_id = d.id
  left join holdfast.protection_states last on last.database_id = d.id
  where d.account_id = $1 and ($2::uuid is null or d.id = $2)
  order by d.name, d.id`;
