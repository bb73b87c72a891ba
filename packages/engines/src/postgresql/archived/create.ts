import { HoldfastError, type ContentTarget, type OwnershipMode } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import { createStatement, type DatabaseKind, type DatabaseProperties } from '../properties.ts';
import type { Session } from '../session.ts';
import type { ArchivedDatabase } from './database.ts';

/** What a database is made for. */
export interface Making {
  /** What it is called until it is whole. */
  name: string;
  target: ContentTarget;
  ownership: OwnershipMode;
  /** The registered database; null when it is not on the server. */
  registered: DatabaseProperties | null;
  archived: ArchivedDatabase;
}

/**
 * Makes an empty database: like the one whose place it takes, or else like that of the backup as far as the server can.
 * @returns how it differs from the backup's, in sentences
 */
export async function createDatabase(session: Session, making: Making): Promise<string[]> {
  const { name, target, registered, archived } = making;
  if (target.mode === 'in_place' && registered) {
    await session.query(createStatement(name, registered, registered.owner, session.server));
    return [];
  }
  const differences: string[] = [];
  const owner = await ownerOf(session, making, differences);
  const kind = archived.kind && (await inPresentTablespace(session, archived.kind, differences));
  try {
    await session.query(createStatement(name, kind ?? registered, owner, session.server));
  } catch (error) {
    if (!kind || !(error instanceof HoldfastError) || error.code !== 'restore_failed') throw error;
    await session.query(createStatement(name, registered, owner, session.server));
    const { encoding, collate, locale } = kind;
    const like = registered ? 'those of the registered database' : "the server's own";
    differences.push(
      `The server cannot make a database with encoding ${encoding} and locale ${locale ?? collate} as in the backup, so it has ${like}.`,
    );
  }
  return differences;
}

/** @returns null for the connecting user */
async function ownerOf(
  session: Session,
  { ownership, registered, archived }: Making,
  differences: string[],
): Promise<string | null> {
  if (ownership === 'skip') return null;
  const wanted = [archived.owner, registered?.owner].flatMap((owner) => owner ?? []);
  for (const owner of wanted) {
    const rows = await session.query(
      `select from pg_roles where rolname = $1 and pg_has_role(oid, '${session.server.major >= 16 ? 'SET' : 'MEMBER'}')`,
      [owner],
    );
    if (rows.length > 0) return owner;
  }
  const [first] = wanted;
  if (first !== undefined) {
    differences.push(
      `It belongs to the connecting user, because there is no role ${escapeIdentifier(first)} that it may be given to.`,
    );
  }
  return null;
}

async function inPresentTablespace(session: Session, kind: DatabaseKind, differences: string[]): Promise<DatabaseKind> {
  const { tablespace } = kind;
  if (tablespace === 'pg_default') return kind;
  if ((await missingTablespaces(session, [tablespace])).length === 0) return kind;
  differences.push(
    `It lies in the default tablespace, because the server has no ${escapeIdentifier(tablespace)} that the user may use.`,
  );
  return { ...kind, tablespace: 'pg_default' };
}

/** Those that the server does not have, or does not let the user into. */
export async function missingTablespaces(session: Session, names: Iterable<string>): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select name from unnest($1::text[]) name where not exists (
       select from pg_tablespace t where t.spcname = name and has_tablespace_privilege(t.oid, 'CREATE')) order by 1`,
    [[...names]],
  );
  return rows.map(({ name }) => name);
}
