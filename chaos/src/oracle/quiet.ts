import { setTimeout as delay } from 'node:timers/promises';
import type { Bed } from '../bed/bed.ts';
import type { Api } from '../driver/api.ts';
import type { Registered } from '../driver/places.ts';
import type { Records } from '../driver/records.ts';

const patienceSeconds = 150;

/** What still has to happen, as rows of one text each. */
const unfinished: Readonly<Record<string, string>> = {
  backups: `select 'backup ' || id || ' is ' || status from holdfast.backups where status in ('scheduled', 'pending')`,
  restores: `select 'restore ' || id || ' is ' || status from holdfast.restores where status in ('scheduled', 'pending')`,
  backup_attempts: `select 'attempt ' || attempt || ' of ' || backup_id || ' is not swept' from holdfast.backup_attempts
    where not settled and swept_at is null`,
  deletions: `select 'backup ' || id || ' is not deleted yet: ' || coalesce(deletion_error::text, '') from holdfast.backups
    where deletion_requested_at is not null and deleted_at is null`,
  slots: `select 'slot ' || scheduled_for || ' of ' || schedule_id || ' is ' || status from holdfast.slots
    where status = 'running' or (status = 'planned' and run_at < clock_timestamp())`,
};

/** Switches every schedule off and waits until nothing is left to do. @returns what is left when that takes too long */
export async function settle(
  { postgres, database }: Bed,
  api: Api,
  records: Records,
  registered: readonly Registered[],
): Promise<string[]> {
  await switchOff(api, records, registered);
  const known = await postgres.query(database, `select tablename from pg_tables where schemaname = 'holdfast'`);
  const tables = new Set(known.map(({ tablename }) => tablename));
  const queries = Object.entries(unfinished).filter(([table]) => table === 'deletions' || tables.has(table));
  const query = queries.map(([, one]) => `(${one})`).join(' union all ');
  const deadline = performance.now() + patienceSeconds * 1000;
  let quietFor = 0;
  for (;;) {
    const rows = await postgres.query(database, `select * from (${query}) as q(what)`);
    quietFor = rows.length === 0 ? quietFor + 1 : 0;
    // What ends may begin something else, so one look is not enough.
    if (quietFor === 4) return [];
    if (performance.now() > deadline) {
      return rows.map(({ what }) => `after ${patienceSeconds} s: ${String(what)}`);
    }
    await delay(500);
  }
}

async function switchOff(api: Api, records: Records, registered: readonly Registered[]): Promise<void> {
  for (const { id: databaseId } of registered) {
    const { body } = await api.ask('GET', `/api/databases/${databaseId}/schedules`);
    for (const { id } of (body as { schedules: { id: string }[] }).schedules) {
      const record = records.schedules.get(id);
      if (record) record.disabledAt = Date.now();
      await api.ask('PATCH', `/api/databases/${databaseId}/schedules/${id}`, { enabled: false });
    }
  }
}
