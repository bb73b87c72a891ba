import { HoldfastError } from '@holdfast/shared/domain';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Session } from '../session.ts';
import type { Tablespace } from './roles.ts';

/** What became of the tablespaces of a backup. */
export interface AppliedTablespaces {
  created: string[];
  kept: string[];
  /** What is not there now, and why, in sentences. */
  leftOut: string[];
}

/**
 * Makes the tablespaces that are missing, each where its folder is there and empty. One after the other: no transaction
 * holds them. One that cannot be made is left out, because without it everything can be restored elsewhere.
 * @throws the signal's reason
 */
export async function applyTablespaces(
  session: Session,
  tablespaces: readonly Tablespace[],
): Promise<AppliedTablespaces> {
  const applied: AppliedTablespaces = { created: [], kept: [], leftOut: [] };
  for (const tablespace of tablespaces) {
    try {
      const obstacle = await apply(session, tablespace, applied);
      if (obstacle !== null) applied.leftOut.push(sentence(tablespace, obstacle));
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === 'connection_lost') throw error;
      applied.leftOut.push(sentence(tablespace, error.message.replace(/\.$/, '')));
    }
  }
  return applied;
}

const sentence = ({ name }: Tablespace, why: string): string =>
  `Tablespace ${JSON.stringify(name)} was left out: ${why}.`;

interface Present {
  superuser: boolean;
  /** Null when there is none of the name. */
  location: string | null;
}

/** @returns why it is left out; null when it is not */
async function apply(
  session: Session,
  tablespace: Tablespace,
  { created, kept }: AppliedTablespaces,
): Promise<string | null> {
  const { name, owner, location } = tablespace;
  const [present] = await session.query<Present>(
    `select r.rolsuper as superuser, (select pg_tablespace_location(t.oid) from pg_tablespace t where t.spcname = $1) as location
     from pg_roles r where r.rolname = current_user`,
    [name],
  );
  if (!present) throw new HoldfastError('internal');
  if (!present.superuser) return 'only a superuser may make or change one';
  if (present.location === null) {
    const obstacle = await obstacleAt(session, location);
    if (obstacle !== null) return obstacle;
    await session.query(
      `CREATE TABLESPACE ${escapeIdentifier(name)} OWNER ${escapeIdentifier(owner)} LOCATION ${escapeLiteral(location)}`,
    );
    created.push(name);
  } else if (present.location === location) kept.push(name);
  else return `the server has one of that name in another folder, ${present.location}`;
  await describe(session, tablespace);
  return null;
}

async function obstacleAt(session: Session, location: string): Promise<string | null> {
  if (!location.startsWith('/')) return 'it lay inside of the data directory';
  const [found] = await session.query<{ entries: number | null }>(
    `select case when pg_stat_file($1, true) is null then null
       else (select count(*)::int from pg_ls_dir($1, true, false)) end as entries`,
    [location],
  );
  if (found?.entries === null)
    return `its folder ${location} is not on the server: make it, owned by the server's user`;
  return found?.entries === 0 ? null : `its folder ${location} is not empty`;
}

async function describe(session: Session, { name, options, comment }: Tablespace): Promise<void> {
  const tablespace = escapeIdentifier(name);
  if (options.length > 0) {
    const list = options.map(({ option, value }) => `${escapeIdentifier(option)} = ${escapeLiteral(value)}`).join(', ');
    await session.query(`ALTER TABLESPACE ${tablespace} SET (${list})`);
  }
  if (comment !== null) await session.query(`COMMENT ON TABLESPACE ${tablespace} IS ${escapeLiteral(comment)}`);
}
