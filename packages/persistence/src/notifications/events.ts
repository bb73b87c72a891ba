import type { EntityManager } from 'typeorm';
import { alertEventKind, severityOf, type Alert, type Ids } from '@holdfast/shared/domain';

/** The accounts where somebody is told of something. */
const withChannels = `
  select account_id from holdfast.notification_channels where enabled and schedule_id is null`;

/** What becomes an event: `source` says of what, so that it does once. */
const insertEvents = `
  insert into holdfast.notification_events (
    id, account_id, source, kind, severity, alert_id, alert_kind, subject_type, subject_id, database_id, database_name,
    message, since, at)`;

/**
 * Makes events of alerts that were raised or are over, in the transaction that does that: whoever hears of an alert in the outbox
 * finds it. Accounts without channels have none.
 */
export async function recordAlerts(manager: EntityManager, ids: Ids, alerts: readonly Alert[]): Promise<void> {
  if (alerts.length === 0) return;
  const told = alerts.map((alert) => ({
    id: ids.uuid(),
    account_id: alert.accountId,
    source: `alert ${alert.id} ${alert.clearedAt === null ? 'raised' : 'cleared'}`,
    kind: alertEventKind(alert),
    severity: severityOf(alert.kind),
    alert_id: alert.id,
    alert_kind: alert.kind,
    subject_type: alert.subjectType,
    subject_id: alert.subjectId,
    message: alert.message,
    since: alert.raisedAt,
    at: alert.clearedAt ?? alert.raisedAt,
  }));
  await manager.query(
    `${insertEvents}
     select a.id, a.account_id, a.source, a.kind, a.severity, a.alert_id, a.alert_kind, a.subject_type, a.subject_id,
       d.id, d.name, a.message, a.since, a.at
     from jsonb_to_recordset($1::jsonb) as a (
       id uuid, account_id integer, source text, kind text, severity text, alert_id uuid, alert_kind text, subject_type text,
       subject_id text, message text, since timestamptz, at timestamptz)
     left join holdfast.databases d on d.id = case a.subject_type
       when 'database' then a.subject_id::uuid
       when 'schedule' then (select s.database_id from holdfast.schedules s where s.id = a.subject_id::uuid)
       when 'backup' then (select b.database_id from holdfast.backups b where b.id = a.subject_id::uuid)
     end
     where a.account_id in (${withChannels})
     on conflict (source) do nothing`,
    [JSON.stringify(told)],
  );
}

interface Ending {
  table: 'backups' | 'restores';
  word: 'backup' | 'restore';
  done: string;
  failed: string;
  /** A further condition on the row `w`. */
  where: string;
}

const endings: readonly Ending[] = [
  {
    table: 'backups',
    word: 'backup',
    done: `format('The backup %s of "%s" is done.', w.name, d.name)`,
    failed: `format('The backup %s of "%s" failed and is not tried again: %s', w.name, d.name, w.error ->> 'message')`,
    where: 'w.imported_at is null',
  },
  {
    table: 'restores',
    word: 'restore',
    done: `format('A restore of the backup %s of "%s" is done.', b.name, d.name)`,
    failed: `format('A restore of the backup %s of "%s" failed and is not tried again: %s', b.name, d.name, w.error ->> 'message')`,
    where: 'true',
  },
];

/** The rows that ended since `$1` and that no event was made of, oldest first; what somebody cancelled is no news to them. */
const endedQuery = ({ table, word, done, failed, where }: Ending): string => `
  select w.id, w.account_id as "accountId", w.status, w.completed_at as at, coalesce(w.started_at, w.created_at) as since,
    d.id as "databaseId", d.name as "databaseName", '${word}' as word,
    case w.status when 'done' then ${done} else ${failed} end as message
  from holdfast.${table} w join holdfast.databases d on d.id = w.database_id
  ${table === 'restores' ? 'join holdfast.backups b on b.id = w.backup_id' : ''}
  where w.completed_at > $1 and ${where} and not (w.status = 'error' and w.error ->> 'code' = 'cancelled')
    and exists (
      select from holdfast.notification_channels c
      where c.account_id = w.account_id and c.enabled and c.created_at <= w.completed_at
        and c.rules -> 'events' ?| array['${word}', case w.status when 'done' then '${word}.done' else '${word}.failed' end])
    and not exists (select from holdfast.notification_events e where e.source = format('${word} %s %s', w.id, w.status))
  order by w.completed_at limit $2`;

interface Ended {
  id: string;
  accountId: number;
  status: 'done' | 'error';
  at: Date;
  since: Date;
  databaseId: string;
  databaseName: string;
  word: Ending['word'];
  message: string;
}

/** Makes events of what ended since then. @returns how many rows it found of each kind, the most */
export async function recordEndings(manager: EntityManager, ids: Ids, since: Date, limit: number): Promise<number> {
  let most = 0;
  for (const ending of endings) {
    const ended = await manager.query<Ended[]>(endedQuery(ending), [since, limit]);
    most = Math.max(most, ended.length);
    for (const row of ended) {
      const isDone = row.status === 'done';
      await manager.query(
        `${insertEvents} values ($1, $2, $3, $4, $5, null, null, $6, $7, $8, $9, $10, $11, $12)
         on conflict (source) do nothing`,
        [
          ids.uuid(),
          row.accountId,
          `${row.word} ${row.id} ${row.status}`,
          `${row.word}.${isDone ? 'done' : 'failed'}`,
          isDone ? 'info' : 'warning',
          row.word,
          row.id,
          row.databaseId,
          row.databaseName,
          row.message,
          row.since,
          row.at,
        ],
      );
    }
  }
  return most;
}
