import { setTimeout as delay } from 'node:timers/promises';
import type { Bed } from '../bed/bed.ts';
import type { Api } from '../driver/api.ts';
import type { Records } from '../driver/records.ts';
import type { ShownProtection, Watched } from './watched.ts';
import { watching } from './watching.ts';

const patienceSeconds = 60;

/** Rows that are judged, each table by one query that gives them as JSON. */
const queries = {
  backups: `select to_jsonb(b) from holdfast.backups b`,
  restores: `select to_jsonb(r) from holdfast.restores r`,
  schedules: `select to_jsonb(s) from holdfast.schedules s`,
  databases: `select jsonb_build_object('id', id, 'name', name, 'created_at', created_at, 'objectives', objectives)
    from holdfast.databases`,
  reconciliations: `select to_jsonb(r) from holdfast.reconciliations r`,
  orphans: `select distinct jsonb_build_object('destination_id', destination_id) from holdfast.orphans
    where removed_at is null and not known`,
  alerts: `select to_jsonb(a) from holdfast.alerts a`,
  messages: `select jsonb_build_object('id', d.id, 'status', d.status, 'sources', (
      select coalesce(jsonb_agg(e.source), '[]') from holdfast.notification_delivery_events t
      join holdfast.notification_events e on e.id = t.event_id where t.delivery_id = d.id))
    from holdfast.notification_deliveries d`,
  auditEntries: `select jsonb_build_object('action', action, 'outcome', outcome, 'object_id', object_id) from holdfast.audit_log`,
  auditIntents: `select action -> 'action' from holdfast.audit_intents`,
  made: `select jsonb_build_object('id', backup_id, 'at', started_at) from holdfast.backup_attempts where settled`,
  channels: `select to_jsonb(created_at) from holdfast.notification_channels`,
  times: `select to_jsonb(extract(epoch from now()) * 1000)`,
};

type Rows = Omit<Watched, 'madeAt' | 'channelMadeAt' | 'heard' | 'protection' | 'auditProblem' | 'accepted' | 'now'> & {
  made: { id: string; at: string }[];
  channels: string[];
  times: number[];
};

/** One statement, so that all rows are of one moment. */
const snapshot = `select ${Object.entries(queries)
  .map(([name, query]) => `(select coalesce(jsonb_agg(q.row), '[]') from (${query}) q(row)) as "${name}"`)
  .join(', ')}`;

/** Looks until nothing is wrong, for a while: what the sentinel says may be some seconds behind the rows. */
export async function watchUntilRight(bed: Bed, cast: { api: Api; records: Records }): Promise<Watched> {
  const auditProblem = await auditProblemOf(bed, cast.api);
  const deadline = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const watched = { ...(await look(bed, cast)), auditProblem };
    const isRight = Object.values(watching).every((check) => check(watched).length === 0);
    if (isRight || performance.now() > deadline) return watched;
    await delay(1000);
  }
}

async function look(
  { postgres, database, receiver }: Bed,
  { api, records }: { api: Api; records: Records },
): Promise<Omit<Watched, 'auditProblem'>> {
  const { body } = await api.ask('GET', '/api/protection');
  const [found] = await postgres.query(database, snapshot);
  const { made, channels, times, ...rows } = found as unknown as Rows;
  return {
    ...rows,
    madeAt: new Map(made.map(({ id, at }) => [id, Date.parse(at)])),
    channelMadeAt: Date.parse(channels[0] ?? ''),
    heard: [...receiver.heard],
    protection: body as ShownProtection,
    accepted: { 'backup.create': [...records.backups.keys()], 'restore.create': [...records.restores.keys()] },
    now: times[0] ?? Number.NaN,
  };
}

/** Asked of both who can say it: the API for the account, the command line for every log. */
async function auditProblemOf({ admin }: Bed, api: Api): Promise<string | null> {
  const { body } = await api.ask('GET', '/api/audit/verification');
  if (!(body as { ok: boolean }).ok) return `the log of the account is not whole: ${JSON.stringify(body)}`;
  return await admin('verify-audit').then(
    () => null,
    (error: unknown) => (error as Error).message,
  );
}
