import { HoldfastError, type Connection, type RestoreRequest } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import { dropLeftOvers } from './clean-up.ts';
import type { Client, Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { failure } from './failures.ts';
import { keptMark, refuseKept } from './former.ts';
import { withMaintenance } from './maintenance.ts';
import { madeBy, restoreNames, sessionLabel, type RestoreNames } from './names.ts';
import { createStatement, readProperties, type DatabaseProperties } from './properties.ts';
import type { ServerVersion, Session } from './session.ts';
import { targetExists } from './swap.ts';

/** What was prepared for the archive. */
export interface Build {
  client: Client;
  server: ServerVersion;
  names: RestoreNames;
  target: string;
  oid: number;
  label: string;
  /** For the database when it is new; null in place. */
  comment: string | null;
  /** The mark of the former content where it is kept; null where it is dropped. */
  keptAs: string | null;
}

/** Makes an empty database beside the target, after a look has shown that the restore may succeed. */
export async function prepare(
  clients: Clients,
  connection: Connection,
  { target, ownership, restoreId, keepFormer = false }: RestoreRequest,
  writtenBy: number | null,
  context: PostgresContext,
): Promise<Build> {
  const { signal } = context;
  const name = target.mode === 'in_place' ? connection.database : target.database;
  const names = restoreNames(name, restoreId);
  const label = sessionLabel(restoreId);
  return withMaintenance(connection, { ...context, target: name, label }, async (maintenance) => {
    const { session } = maintenance;
    const client = await clients.choose('pg_restore', { server: session.server, archiveMajor: writtenBy }, signal);
    const registered = await readProperties(session, connection.database);
    if (target.mode === 'new_database') await refuseExisting(session, connection, name);
    const missing = await missingGrants(session, connection, target.mode === 'in_place' ? registered : null);
    if (missing.length > 0) throw failure('privilege_missing', missing.join(' '), connection, undefined);
    if (target.mode === 'in_place') await refuseKept(session, names.kept, connection);
    await dropLeftOvers(maintenance, restoreId);

    const keepsOwner = target.mode === 'in_place' || ownership === 'keep';
    const owner = keepsOwner ? (registered?.owner ?? null) : null;
    await session.query(createStatement(names.build, registered, owner, session.server));
    const built = await readProperties(session, names.build);
    if (!built) throw new HoldfastError('internal');
    const comment = target.mode === 'new_database' ? madeBy(restoreId) : null;
    const keptAs =
      target.mode === 'in_place' && keepFormer ? keptMark({ target: name, restoreId, undoneBy: [] }) : null;
    return { client, server: session.server, names, target: name, oid: built.oid, label, comment, keptAs };
  });
}

async function refuseExisting(session: Session, connection: Connection, name: string): Promise<void> {
  const rows = await session.query('select from pg_database where datname = $1', [name]);
  if (rows.length > 0) throw targetExists(connection, name);
}

/**
 * What the user may not do that a restore needs, each as a sentence with the statement that helps.
 * @param replaced the database whose place is taken; null when there is none
 */
export async function missingGrants(
  session: Session,
  connection: Connection,
  replaced: DatabaseProperties | null,
): Promise<string[]> {
  const [self] = await session.query<{ create: boolean; owns: boolean }>(
    `select rolsuper or rolcreatedb as "create",
       $1::text is null or exists (select from pg_roles o where o.rolname = $1 and pg_has_role(o.oid, 'MEMBER')) as owns
     from pg_roles where rolname = current_user`,
    [replaced?.owner ?? null],
  );
  const user = escapeIdentifier(connection.user);
  const missing = [];
  if (!self?.create) {
    missing.push(
      `A restore builds a database beside the old one, which the user may not create: ALTER ROLE ${user} CREATEDB;`,
    );
  }
  if (!self?.owns && replaced) {
    const database = escapeIdentifier(connection.database);
    missing.push(
      `The database belongs to ${escapeIdentifier(replaced.owner)}: ALTER DATABASE ${database} OWNER TO ${user};`,
    );
  }
  return missing;
}
