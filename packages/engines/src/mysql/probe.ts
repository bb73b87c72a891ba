import type { Connection, ProbeReport } from '@holdfast/shared/domain';
import type { Defaults } from './archive.ts';
import { defaultsOf, tablesOf } from './catalog.ts';
import type { Client } from './clients.ts';
import type { MysqlContext } from './context.ts';
import { failure } from './failures.ts';
import { grantName, readGrants } from './grants.ts';
import { ownTables } from './names.ts';
import { withSession, type Session } from './session.ts';

/** A probe's report, and what only a dump needs beside it. */
export interface Survey extends ProbeReport {
  client: Client;
  defaults: Defaults;
  /** Bytes of the rows, without indexes: near to what a dump will have. */
  contentBytes: number;
  warnings: string[];
}

/** Looks at the server, and chooses the client program for it. */
export async function survey(connection: Connection, context: MysqlContext): Promise<Survey> {
  const { clients, flavour, signal } = context;
  const { database } = connection;
  return withSession(connection, { ...context, database, fallback: 'dump_failed' }, async (session) => {
    const client = await clients.choose(flavour, 'dump', session.server, signal);
    const defaults = await defaultsOf(session, database);
    if (!defaults) throw failure('database_missing', 'the user cannot see it', connection);
    const { sizeBytes, contentBytes } = await sizes(session, database);
    return {
      serverVersion: session.server.version,
      sizeBytes,
      contentBytes,
      tables: (await tablesOf(session, database)).length,
      missingPrivileges: await missingForDump(session, connection, context),
      warnings: await warnings(session, database),
      tool: { name: client.name, version: client.version },
      client,
      defaults,
    };
  });
}

async function sizes(session: Session, database: string): Promise<{ sizeBytes: number; contentBytes: number }> {
  const [row] = await session.query<{ data: string | number | null; indexes: string | number | null }>(
    `SELECT SUM(data_length) AS data, SUM(index_length) AS indexes FROM information_schema.tables WHERE table_schema = ?`,
    [database],
  );
  const contentBytes = Number(row?.data ?? 0);
  return { contentBytes, sizeBytes: contentBytes + Number(row?.indexes ?? 0) };
}

const needed = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'] as const;

/**
 * Nothing that the user may not see is named by the server or by the dump program, so all is asked for on the database as a
 * whole: a dump without a table must not pass for one of the database.
 */
async function missingForDump(
  session: Session,
  { database }: Connection,
  { flavour }: MysqlContext,
): Promise<string[]> {
  const grants = await readGrants(session);
  const missing = needed.filter((privilege) => !grants.has(privilege, database));
  const sentences = [];
  if (missing.length > 0) {
    const list = missing.join(', ');
    sentences.push(
      `The user may not see all of the database: GRANT ${list} ON ${grantName(database)}.* TO ${grants.user};`,
    );
  }
  const seesRoutines =
    grants.hasEverywhere('SELECT') ||
    grants.hasEverywhere('SHOW_ROUTINE') ||
    grants.has('SHOW CREATE ROUTINE', database) ||
    grants.hasOnTable('SELECT', 'mysql', 'proc');
  if (!seesRoutines)
    sentences.push(`The user may not read procedures and functions: ${flavour.routineGrant(grants.user)}`);
  return sentences;
}

/** What is not as of one moment, or not in the dump. */
async function warnings(session: Session, database: string): Promise<string[]> {
  const rows = await session.query<{ name: string; engine: string | null; kind: string; safe: string | null }>(
    `SELECT t.table_name AS name, t.engine AS engine, t.table_type AS kind, e.transactions AS safe
     FROM information_schema.tables t LEFT JOIN information_schema.engines e ON e.engine = t.engine
     WHERE t.table_schema = ? AND t.table_type NOT IN ('VIEW', 'SEQUENCE') AND t.table_name NOT IN (?) ORDER BY 1`,
    [database, ownTables],
  );
  const unsafe = rows
    .filter(({ safe }) => safe !== 'YES')
    .map(({ name, engine }) => `${name} (${engine ?? 'no engine'})`);
  const versioned = rows.filter(({ kind }) => kind === 'SYSTEM VERSIONED').map(({ name }) => name);
  const found = [];
  if (unsafe.length > 0)
    found.push(
      `Tables without transactions are not as of the same moment as the others, nor whole while somebody writes: ${listed(unsafe)}. ALTER TABLE … ENGINE=InnoDB helps.`,
    );
  if (versioned.length > 0)
    found.push(`Of system-versioned tables the present rows are in the dump, not their history: ${listed(versioned)}.`);
  return found;
}

const listed = (names: readonly string[]): string =>
  names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ');
