import { HoldfastError, type Connection, type RestoreRequest } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import { createDatabase, missingTablespaces } from './archived/create.ts';
import type { ArchivedDatabase } from './archived/database.ts';
import { dropLeftOvers } from './clean-up.ts';
import type { Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { failure } from './failures.ts';
import { fillOptions } from './fill-settings.ts';
import { keptMark, refuseKept } from './former.ts';
import { withMaintenance } from './maintenance.ts';
import { madeBy, restoreNames, sessionLabel, type RestoreNames } from './names.ts';
import { restoreNeedsServer } from './pooler.ts';
import { readProperties, type DatabaseProperties } from './properties.ts';
import { chooseRestoreClients, type RestoreClients } from './restore-clients.ts';
import type { ServerVersion, Session } from './session.ts';
import { mustBePrimary } from './standby.ts';
import { targetExists } from './swap.ts';

/** What was prepared for the archive. */
export interface Build {
  clients: RestoreClients;
  server: ServerVersion;
  names: RestoreNames;
  target: string;
  oid: number;
  label: string;
  /** Whether the target must not be there yet. */
  isNew: boolean;
  /** Whether a database was there whose place it takes, and whose settings and privileges it gets. */
  replaces: boolean;
  /** For the target where none was there. */
  comment: string | null;
  /** Whether tables may be put into the tablespaces that the archive names. */
  tablespaces: boolean;
  /** For the session that fills the database. */
  options: string;
  /** How the database differs from the backup's, in sentences. */
  differences: string[];
  /** The mark of the former content where it is kept; null where it is dropped. */
  keptAs: string | null;
}

/** What an archive tells before it is restored. */
export interface SeenArchive {
  /** The major of the program that wrote it; null where that cannot be seen. */
  writtenBy: number | null;
  database: ArchivedDatabase;
  /** The tablespaces that what is restored lies in by name, as far as they are known. */
  tablespaces: Iterable<string>;
}

/** Makes an empty database beside the target, after a look has shown that the restore may succeed. */
export async function prepare(
  found: Clients,
  connection: Connection,
  { target, ownership, restoreId, keepFormer = false }: RestoreRequest,
  { writtenBy, database: archived, tablespaces }: SeenArchive,
  context: PostgresContext,
): Promise<Build> {
  const { signal } = context;
  const name = target.mode === 'in_place' ? connection.database : target.database;
  const names = restoreNames(name, restoreId);
  const label = sessionLabel(restoreId);
  return withMaintenance(connection, { ...context, target: name, label }, async (maintenance) => {
    const { session } = maintenance;
    await mustTakeRestores(session, connection);
    const clients = await chooseRestoreClients(found, session.server, writtenBy, signal);
    const registered = await readProperties(session, connection.database);
    if (target.mode === 'new_database') await refuseExisting(session, connection, name);
    const missing = await missingGrants(session, connection, target.mode === 'in_place' ? registered : null);
    if (missing.length > 0) throw failure('privilege_missing', missing.join(' '), connection, undefined);
    if (target.mode === 'in_place') await refuseKept(session, names.kept, connection);
    await dropLeftOvers(maintenance, restoreId);

    const differences = await createDatabase(session, { name: names.build, target, ownership, registered, archived });
    const without = await missingTablespaces(session, tablespaces);
    if (without.length > 0) {
      const list = without.map((one) => escapeIdentifier(one)).join(', ');
      differences.push(
        `All tables lie in the database's own tablespace, because the server has no ${list} that the user may use.`,
      );
    }
    const built = await readProperties(session, names.build);
    if (!built) throw new HoldfastError('internal');
    const isNew = target.mode === 'new_database';
    const comment = isNew ? madeBy(restoreId, archived.comment) : archived.comment;
    const keptAs =
      target.mode === 'in_place' && keepFormer ? keptMark({ target: name, restoreId, undoneBy: [] }) : null;
    return {
      clients,
      server: session.server,
      names,
      target: name,
      oid: built.oid,
      label,
      isNew,
      replaces: !isNew && registered !== null,
      comment,
      tablespaces: without.length === 0,
      options: await fillOptions(session),
      differences,
      keptAs,
    };
  });
}

/** @throws HoldfastError configuration, when nothing can be restored by that connection */
async function mustTakeRestores(session: Session, connection: Connection): Promise<void> {
  if (session.isPooled) throw failure('configuration', restoreNeedsServer, connection, undefined);
  await mustBePrimary(session, connection);
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
