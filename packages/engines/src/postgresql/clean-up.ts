import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import type { PostgresContext } from './context.ts';
import { withMaintenance, type Maintenance } from './maintenance.ts';
import { restoreSuffixes, sessionLabel } from './names.ts';
import type { Session } from './session.ts';

const lookEveryMs = 50;

/** Removes the databases of one restore, known by their names' ends. The target's name never ends so. */
export async function cleanUpRestore(
  connection: Connection,
  restoreId: string,
  context: PostgresContext,
): Promise<void> {
  await withMaintenance(connection, { ...context, target: connection.database }, (maintenance) =>
    dropLeftOvers(maintenance, restoreId),
  );
}

export async function dropLeftOvers(maintenance: Maintenance, restoreId: string): Promise<void> {
  await endSessionsOf(maintenance.session, restoreId);
  const rows = await maintenance.session.query<{ oid: number; name: string }>(
    `select oid, datname as name from pg_database
     where exists (select from unnest($1::text[]) suffix where right(datname, length(suffix)) = suffix)`,
    [restoreSuffixes(restoreId)],
  );
  for (const { oid, name } of rows) await dropDatabase(maintenance, oid, name);
}

/** The server goes on for a killed client: a database that it is still creating can be seen only after it is done. */
export async function endSessionsOf(session: Session, restoreId: string): Promise<void> {
  for (;;) {
    const sessions = await session.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = $1 and usename = current_user and pid <> pg_backend_pid()`,
      [sessionLabel(restoreId)],
    );
    if (sessions.length === 0) return;
    await delay(lookEveryMs);
  }
}

/** Drops a database with the sessions that are in it. */
export async function dropDatabase(maintenance: Maintenance, oid: number, name: string): Promise<void> {
  const { session, withoutSessions } = maintenance;
  const [row] = await session.query<{ template: boolean; subscribes: boolean }>(
    `select datistemplate as template, exists (select from pg_subscription s where s.subdbid = d.oid) as subscribes
     from pg_database d where oid = $1`,
    [oid],
  );
  if (row?.template) await session.query(`ALTER DATABASE ${escapeIdentifier(name)} IS_TEMPLATE false`);
  if (row?.subscribes) await dropSubscriptions(maintenance, name);
  await withoutSessions([oid], () => session.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)}`));
}

/**
 * A database with subscriptions cannot be dropped, and one is dropped only from within. The slot on the publisher is not
 * touched: the content that stays may be using it.
 */
async function dropSubscriptions({ session, within }: Maintenance, name: string): Promise<void> {
  await session.query(`ALTER DATABASE ${escapeIdentifier(name)} ALLOW_CONNECTIONS true`);
  await within(name, async (inside) => {
    const rows = await inside.query<{ subscription: string }>(
      `select subname as subscription from pg_subscription s
       join pg_database d on d.oid = s.subdbid where d.datname = current_database()`,
    );
    for (const { subscription } of rows.map((row) => ({ subscription: escapeIdentifier(row.subscription) }))) {
      await inside.query(`ALTER SUBSCRIPTION ${subscription} DISABLE`);
      await inside.query(`ALTER SUBSCRIPTION ${subscription} SET (slot_name = NONE)`);
      await inside.query(`DROP SUBSCRIPTION ${subscription}`);
    }
  });
}
