import { quoteName } from './names.ts';
import type { Session } from './session.ts';

interface Grant {
  privileges: ReadonlySet<string>;
  /** A pattern of LIKE; `*` for all. */
  database: string;
  /** `*` for all of the database. */
  table: string;
  isRevoked: boolean;
}

/** What the user of a session may do, roles in force among it. */
export interface Grants {
  /** The user as written in a GRANT. */
  user: string;
  /** Whether something is granted on all of a database. */
  has(privilege: string, database: string): boolean;
  /** Whether it is granted on one table, or on more than that. */
  hasOnTable(privilege: string, database: string, table: string): boolean;
  /** Whether it is granted on everything. */
  hasEverywhere(privilege: string): boolean;
}

const line = /^(GRANT|REVOKE) (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) (?:TO|FROM) /;

export async function readGrants(session: Session): Promise<Grants> {
  const rows = await session.query('SHOW GRANTS');
  const [self] = await session.query<{ user: string }>('SELECT CURRENT_USER() AS user');
  const grants = rows.flatMap((row) => parse(String(Object.values(row)[0])));
  const [name = '', host = ''] = (self?.user ?? '').split(/@(?=[^@]*$)/);
  const covers = (grant: Grant, database: string): boolean => grant.database === '*' || like(grant.database, database);
  const includes = ({ privileges }: Grant, privilege: string): boolean =>
    privileges.has(privilege) || privileges.has('ALL PRIVILEGES');
  const has: Grants['has'] = (privilege, database) => {
    const found = grants.filter((one) => one.table === '*' && covers(one, database) && includes(one, privilege));
    return found.some(({ isRevoked }) => !isRevoked) && !found.some(({ isRevoked }) => isRevoked);
  };
  return {
    user: `'${name}'@'${host}'`,
    has,
    hasOnTable: (privilege, database, table) =>
      has(privilege, database) ||
      grants.some((one) => one.table === table && covers(one, database) && includes(one, privilege)),
    hasEverywhere: (privilege) => grants.some((one) => one.database === '*' && includes(one, privilege)),
  };
}

function parse(text: string): Grant[] {
  const [, verb, list, database, table] = line.exec(text) ?? [];
  if (list === undefined || database === undefined || table === undefined) return [];
  const privileges = new Set(list.split(/, (?![^(]*\))/));
  return [{ privileges, database: bare(database), table: bare(table), isRevoked: verb === 'REVOKE' }];
}

const bare = (name: string): string => (name === '*' ? name : name.slice(1, -1).replaceAll('``', '`'));

/** Whether a database is one of those that a grant's pattern names. */
function like(pattern: string, database: string): boolean {
  const source = pattern.replaceAll(
    /\\([_%])|([_%])|([^\\_%]+|\\)/g,
    (_all, plain: string, wild: string, rest: string) => {
      if (wild !== undefined) return wild === '%' ? '.*' : '.';
      return (plain ?? rest).replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
    },
  );
  return new RegExp(`^${source}$`, 'is').test(database);
}

/** One database as a grant names it, where `_` and `%` would stand for others. */
export const grantName = (database: string): string => quoteName(database.replaceAll(/[_%]/g, String.raw`\$&`));
