import { setTimeout as delay } from 'node:timers/promises';
import type { Bed } from '../bed/bed.ts';
import type { Api } from '../driver/api.ts';
import type { Registered } from '../driver/places.ts';
import type { Records } from '../driver/records.ts';

/** Without anything ending, and in all: a busy machine takes long over what waits, and a circle has no end. */
const patienceSeconds = 150;
const longestSeconds = 900;

/** What still has to happen, as rows of one text each. */
const unfinished: Readonly<Record<string, string>> = {
  backups: `select 'backup ' || id || ' is ' || status from holdfast.backups where status in ('scheduled', 'pending')`,
  restores: `select 'restore ' || id || ' is ' || status from holdfast.restores where status in ('scheduled', 'pending')`,
  backup_attempts: `select 'attempt ' || attempt || ' of ' || backup_id || ' is not swept' from holdfast.backup_attempts
    where not settled and swept_at is null`,
  deletions: `select 'backup ' || id || ' is not deleted yet: ' || coalesce(deletion_error::text, '') from holdfast.backups
    where deletion_requested_at is not null and deleted_at is null`,
  notification_events: `select 'the event ' || source || ' was given to nobody' from holdfast.notification_events
    where fanned_out_at is null`,
  notification_deliveries: `select 'the message ' || id || ' is ' || status || ' after ' || attempts || ' attempts: ' || coalesce(error, '')
    from holdfast.notification_deliveries where status in ('scheduled', 'pending')`,
  slots: `select 'slot ' || scheduled_for || ' of ' || schedule_id || ' is ' || status from holdfast.slots
    where status = 'running' or (status = 'planned' and run_at < clock_timestamp())`,
};

/** Switches every schedule but the daily one off and waits until nothing is left to do. @returns what is left when that takes too long */
export async function settle(
  { postgres, database }: Bed,
  cast: { api: Api; records: Records; registered: readonly Registered[]; daily: string },
): Promise<string[]> {
  await switchOff(cast);
  const known = await postgres.query(database, `select tablename from pg_tables where schemaname = 'holdfast'`);
  const tables = new Set(known.map(({ tablename }) => tablename));
  const queries = Object.entries(unfinished).filter(([table]) => table === 'deletions' || tables.has(table));
  const query = queries.map(([, one]) => `(${one})`).join(' union all ');
  const begun = performance.now();
  let changed = { at: begun, left: '' };
  let quietFor = 0;
  for (;;) {
    const rows = await postgres.query(database, `select * from (${query}) as q(what)`);
    quietFor = rows.length === 0 ? quietFor + 1 : 0;
    // What ends may begin something else, so one look is not enough.
    if (quietFor === 4) return [];
    const now = performance.now();
    const left = rows.map(({ what }) => String(what)).sort();
    if (left.join() !== changed.left) changed = { at: now, left: left.join() };
    if (now > changed.at + patienceSeconds * 1000 || now > begun + longestSeconds * 1000) {
      return left.map((what) => `after ${Math.round((now - begun) / 1000)} s: ${what}`);
    }
    await delay(500);
  }
}

async function switchOff({ api, records, registered, daily }: Parameters<typeof settle>[1]): Promise<void> {
  for (const { id: databaseId } of registered) {
    const { body } = await api.ask('GET', `/api/databases/${databaseId}/schedules`);
    for (const { id } of (body as { schedules: { id: string }[] }).schedules) {
      if (id === daily) continue;
      const record = records.schedules.get(id);
      if (record) record.disabledAt = Date.now();
      await api.ask('PATCH', `/api/databases/${databaseId}/schedules/${id}`, { enabled: false });
    }
  }
}
