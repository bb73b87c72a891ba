import type { Connection, RestoreRequest } from '@holdfast/shared/domain';
import { defaultsOf } from './catalog.ts';
import type { Client } from './clients.ts';
import type { MysqlContext } from './context.ts';
import { failure } from './failures.ts';
import { grantName, readGrants } from './grants.ts';
import { restoreNames, restoreSuffixes, type RestoreNames } from './names.ts';
import type { Session } from './session.ts';
import { findKept } from './settle.ts';
import { targetExists } from './swap.ts';

/** What a restore goes with. */
export interface Build {
  restoreId: string;
  client: Client;
  names: RestoreNames;
  target: string;
  isNew: boolean;
  keepFormer: boolean;
}

/** Looks whether the restore may succeed, before anything is made. */
export async function prepare(
  session: Session,
  connection: Connection,
  request: RestoreRequest,
  { clients, flavour, signal }: MysqlContext,
): Promise<Build> {
  const { target: asked, restoreId, keepFormer = false } = request;
  const isNew = asked.mode === 'new_database';
  const target = isNew ? asked.database : connection.database;
  const client = await clients.choose(flavour, 'client', session.server, signal);
  if (isNew && (await defaultsOf(session, target))) throw targetExists(connection, target);
  const missing = await missingForRestore(session, target, restoreId);
  if (missing !== null) throw failure('privilege_missing', missing, connection);
  const referring = isNew ? [] : await referringTables(session, target);
  if (referring.length > 0) throw failure('configuration', referringText(referring), connection);
  if (await findKept(session, restoreId))
    throw failure(
      'restore_failed',
      'this very restore was put in place before and keeps its former content',
      connection,
    );
  return { restoreId, client, names: restoreNames(target, restoreId), target, isNew, keepFormer };
}

const needed = [
  'SELECT',
  'INSERT',
  'CREATE',
  'DROP',
  'ALTER',
  'INDEX',
  'REFERENCES',
  'LOCK TABLES',
  'CREATE VIEW',
  'SHOW VIEW',
  'TRIGGER',
  'EVENT',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
] as const;

/** What the user may not do that a restore needs, as a sentence with the statements that help; null for nothing. */
export async function missingForRestore(session: Session, target: string, restoreId: string): Promise<string | null> {
  const grants = await readGrants(session);
  const names = restoreNames(target, restoreId);
  const lacking = [target, names.build, names.kept].some((schema) => needed.some((one) => !grants.has(one, schema)));
  if (!lacking) return null;
  const all = (schema: string): string => `GRANT ALL PRIVILEGES ON ${schema}.* TO ${grants.user};`;
  const base = names.build.slice(0, -restoreSuffixes(restoreId).build.length);
  const beside = `${grantName(`${base}_hf_`).slice(0, -1)}%\``;
  return `A restore builds a schema beside the database and moves its tables: ${all(grantName(target))} ${all(beside)}`;
}

/** Tables of other databases that refer to tables of this one: they would go on to refer to the former ones. */
export async function referringTables(session: Session, target: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT DISTINCT CONCAT(constraint_schema, '.', table_name) AS name FROM information_schema.referential_constraints
     WHERE unique_constraint_schema = ? AND constraint_schema <> ? ORDER BY 1`,
    [target, target],
  );
  return rows.map(({ name }) => name);
}

export const referringText = (tables: readonly string[]): string =>
  `tables of other databases have foreign keys to this one, which would stay with its former content: ${tables.join(', ')}; restore into a new database instead`;
