import type { PreflightFinding } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import { keptStart } from './former.ts';
import { finding, inBytes, listed, type Look } from './preflight-look.ts';
import type { DatabaseProperties } from './properties.ts';
import { withSession } from './session.ts';

/** What replacing a database does to those that use it, and what would keep it from being replaced. */
export async function replacementFindings(look: Look, present: DatabaseProperties): Promise<PreflightFinding[]> {
  return [
    ...(await clients(look, present)),
    ...(await holders(look, present)),
    ...(await replication(look, present)),
    ...(await publications(look)),
    ...(await others(look, present)),
  ];
}

async function clients({ session, connection, name }: Look, { oid }: DatabaseProperties): Promise<PreflightFinding[]> {
  const rows = await session.query<{ program: string; count: number; long: number; foreign: boolean }>(
    `select coalesce(nullif(application_name, ''), 'without a name') as program, count(*)::int,
       (count(*) filter (where xact_start < now() - interval '1 minute'))::int as long,
       bool_or(not pg_has_role(a.usesysid, 'MEMBER')) as foreign
     from pg_stat_activity a where datid = $1 and coalesce(backend_type, 'client backend') = 'client backend' group by 1 order by 2 desc, 1`,
    [oid],
  );
  if (rows.length === 0) return [];
  const sum = (of: 'count' | 'long'): number => rows.reduce((total, row) => total + row[of], 0);
  const programs = listed(rows.map(({ program, count }) => `${program}: ${count}`));
  const long = sum('long') === 0 ? '' : ` ${sum('long')} of them have a transaction that is older than a minute.`;
  const message = `Database "${name}" has connections that the restore ends when it puts the new content in place (${programs}).${long} Their programs have to connect again; what they write until then goes with the former content.`;
  const findings = [finding('warning', 'connections', message)];
  const [self] = await session.query<{ may: boolean }>(
    `select rolsuper or pg_has_role('pg_signal_backend', 'MEMBER') as may from pg_roles where rolname = current_user`,
  );
  if (!self?.may && rows.some(({ foreign }) => foreign)) {
    const grant = `Sessions of other users are in the way: GRANT pg_signal_backend TO ${escapeIdentifier(connection.user)};`;
    findings.push(finding('blocker', 'privilege', grant));
  }
  return findings;
}

async function holders({ session, name }: Look, { oid }: DatabaseProperties): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const prepared = await session.query<{ gid: string }>('select gid from pg_prepared_xacts where database = $1', [
    name,
  ]);
  if (prepared.length > 0) {
    const gids = listed(prepared.map(({ gid }) => `"${gid}"`));
    const message = `Prepared transactions hold database "${name}": ${gids}. COMMIT PREPARED or ROLLBACK PREPARED each of them first.`;
    findings.push(finding('blocker', 'prepared_transactions', message));
  }
  const locks = await session.query<{ pid: number }>(
    `select distinct pid from pg_locks where locktype = 'object' and classid = 'pg_database'::regclass and objid = $1
       and granted and pid <> pg_backend_pid()`,
    [oid],
  );
  if (locks.length > 0) {
    const message = `A statement on database "${name}" as a whole is under way (process ${listed(locks.map(({ pid }) => String(pid)))}): the restore waits for it, and fails when that takes too long.`;
    findings.push(finding('warning', 'locks', message));
  }
  return findings;
}

async function replication({ session, name }: Look, { oid }: DatabaseProperties): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const slots = await session.query<{ slot: string }>(
    'select slot_name as slot from pg_replication_slots where database = $1 order by 1',
    [name],
  );
  if (slots.length > 0) {
    const message = `Logical replication slots belong to the present content and do not go over: ${listed(slots.map(({ slot }) => slot))}. They go when that is dropped, and who reads from them must start anew.`;
    findings.push(finding('warning', 'replication', message));
  }
  const subscriptions = await session.query<{ name: string }>(
    'select subname as name from pg_subscription where subdbid = $1 order by 1',
    [oid],
  );
  if (subscriptions.length > 0) {
    const names = listed(subscriptions.map(({ name }) => escapeIdentifier(name)));
    const message = `Database "${name}" subscribes to another (${names}). Restored subscriptions are off until ALTER SUBSCRIPTION … ENABLE; the former content cannot be dropped before its own are.`;
    findings.push(finding('warning', 'replication', message));
  }
  return findings;
}

async function publications({ connection, context, name }: Look): Promise<PreflightFinding[]> {
  const options = { ...context, fallback: 'restore_failed' } as const;
  const rows = await withSession({ ...connection, database: name }, options, (session) =>
    session.query<{ name: string }>('select pubname as name from pg_publication order by 1'),
  ).catch(() => []);
  if (rows.length === 0) return [];
  const names = listed(rows.map((row) => escapeIdentifier(row.name)));
  const message = `Database "${name}" publishes to others (${names}): subscribers lose their slots and have to be synchronised anew.`;
  return [finding('warning', 'replication', message)];
}

async function others({ session, name }: Look, { oid }: DatabaseProperties): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const [row] = await session.query<{ template: boolean }>(
    'select datistemplate as template from pg_database where oid = $1',
    [oid],
  );
  if (row?.template) findings.push(finding('note', 'target', `Database "${name}" is a template, and stays one.`));
  const kept = await session.query<{ name: string; size: string | null }>(
    `select datname as name, case when has_database_privilege(oid, 'CONNECT') then pg_database_size(oid) end as size
     from pg_database where starts_with(shobj_description(oid, 'pg_database'), $1) order by 1`,
    [keptStart(name)],
  );
  if (kept.length > 0) {
    const names = listed(
      kept.map(({ name, size }) => (size === null ? `"${name}"` : `"${name}" (${inBytes(Number(size))})`)),
    );
    findings.push(finding('note', 'space', `Earlier restores keep former content of it: ${names}.`));
  }
  return findings;
}
