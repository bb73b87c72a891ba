import { ownSchemas, ownTables, quoteName } from './names.ts';
import type { Defaults } from './archive.ts';
import type { Session } from './session.ts';

/** The names of what a database has beside tables. */
export interface CodeNames {
  views: string[];
  triggers: string[];
  events: string[];
  routines: { kind: string; name: string }[];
}

/** Null for a database that does not exist, or that the user may not see. */
export async function defaultsOf(session: Session, database: string): Promise<Defaults | null> {
  const [row] = await session.query<{ charset: string; collation: string }>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
     FROM information_schema.schemata WHERE schema_name = ?`,
    [database],
  );
  return row ? { charset: row.charset, collation: row.collation } : null;
}

/** Tables and sequences, which are all that can be moved. */
export async function tablesOf(session: Session, database: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = ? AND table_type NOT IN ('VIEW', 'SYSTEM VIEW', 'TEMPORARY') AND table_name NOT IN (?) ORDER BY 1`,
    [database, ownTables],
  );
  return rows.map(({ name }) => name);
}

export async function codeOf(session: Session, database: string): Promise<CodeNames> {
  const names = async (text: string): Promise<string[]> =>
    (await session.query<{ name: string }>(text, [database])).map(({ name }) => name);
  return {
    views: await names('SELECT table_name AS name FROM information_schema.views WHERE table_schema = ? ORDER BY 1'),
    triggers: await names(
      'SELECT trigger_name AS name FROM information_schema.triggers WHERE trigger_schema = ? ORDER BY 1',
    ),
    events: await names('SELECT event_name AS name FROM information_schema.events WHERE event_schema = ? ORDER BY 1'),
    routines: await session.query<{ kind: string; name: string }>(
      `SELECT routine_type AS kind, routine_name AS name FROM information_schema.routines WHERE routine_schema = ? ORDER BY 1, 2`,
      [database],
    ),
  };
}

export const hasCode = ({ views, triggers, events, routines }: CodeNames): boolean =>
  views.length + triggers.length + events.length + routines.length > 0;

/** Drops what a database has beside tables. */
export async function dropCode(session: Session, database: string): Promise<void> {
  const { views, triggers, events, routines } = await codeOf(session, database);
  const at = (name: string): string => `${quoteName(database)}.${quoteName(name)}`;
  for (const name of events) await session.query(`DROP EVENT IF EXISTS ${at(name)}`);
  for (const name of triggers) await session.query(`DROP TRIGGER IF EXISTS ${at(name)}`);
  for (const name of views) await session.query(`DROP VIEW IF EXISTS ${at(name)}`);
  for (const { kind, name } of routines) await session.query(`DROP ${kind} IF EXISTS ${at(name)}`);
}

const systemSchemas = ['information_schema', 'mysql', 'performance_schema', 'sys'];

/** The databases that people made, with their bytes. */
export async function listDatabases(session: Session): Promise<{ name: string; sizeBytes: number | null }[]> {
  const rows = await session.query<{ name: string; bytes: string | number | null }>(
    `SELECT s.schema_name AS name, (SELECT SUM(t.data_length + t.index_length) FROM information_schema.tables t
       WHERE t.table_schema = s.schema_name) AS bytes
     FROM information_schema.schemata s WHERE LOWER(s.schema_name) NOT IN (?) ORDER BY 1`,
    [systemSchemas],
  );
  return rows
    .filter(({ name }) => !ownSchemas.test(name))
    .map(({ name, bytes }) => ({ name, sizeBytes: Number(bytes ?? 0) }));
}
