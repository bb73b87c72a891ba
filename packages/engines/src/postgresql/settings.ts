import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Session } from './session.ts';

/** Settings whose value is a list of names: each is quoted alone. */
const lists = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** What belongs to a database itself and is in no archive. */
interface Belongings {
  owner: string;
  comment: string | null;
  limit: number;
  template: boolean;
  open: boolean;
  grants: Grant[];
  /** Settings by role; of the database for all of them under null. */
  parameters: Map<string | null, string[]>;
}

interface Grant {
  grantee: string | null;
  privilege: string;
  grantable: boolean;
}

/**
 * The statements that give the database `to`, by then called `name`, what belongs to the database `from`: owner, settings,
 * privileges, comment, connection limit, being a template or closed. What is equal already is left alone.
 */
export async function settingsStatements(session: Session, from: number, to: number, name: string): Promise<string[]> {
  const wanted = await belongings(session, from);
  const present = await belongings(session, to);
  if (!wanted || !present) return [];
  return [
    ...attributes(wanted, present, name),
    ...parameters(wanted.parameters, present.parameters, name),
    ...privileges(wanted, present, name),
  ];
}

async function belongings(session: Session, oid: number): Promise<Belongings | null> {
  const [row] = await session.query<Omit<Belongings, 'grants' | 'parameters'>>(
    `select pg_get_userbyid(datdba) as owner, shobj_description(oid, 'pg_database') as comment, datconnlimit as "limit",
       datistemplate as template, datallowconn as open
     from pg_database where oid = $1`,
    [oid],
  );
  if (!row) return null;
  const grants = await session.query<Grant>(
    `select case a.grantee when 0 then null else pg_get_userbyid(a.grantee) end as grantee,
       a.privilege_type as privilege, a.is_grantable as grantable
     from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.oid = $1 order by 1, 2, 3`,
    [oid],
  );
  const settings = await session.query<{ role: string | null; settings: string[] }>(
    `select case s.setrole when 0 then null else pg_get_userbyid(s.setrole) end as role, s.setconfig as settings
     from pg_db_role_setting s where s.setdatabase = $1`,
    [oid],
  );
  return { ...row, grants, parameters: new Map(settings.map(({ role, settings }) => [role, settings])) };
}

function attributes(wanted: Belongings, present: Belongings, name: string): string[] {
  const database = escapeIdentifier(name);
  const statements = [];
  if (wanted.owner !== present.owner) {
    statements.push(`ALTER DATABASE ${database} OWNER TO ${escapeIdentifier(wanted.owner)}`);
  }
  if (wanted.comment !== present.comment) statements.push(commentStatement(name, wanted.comment));
  if (wanted.limit !== present.limit) statements.push(`ALTER DATABASE ${database} CONNECTION LIMIT ${wanted.limit}`);
  if (wanted.template !== present.template) {
    statements.push(`ALTER DATABASE ${database} IS_TEMPLATE ${wanted.template}`);
  }
  if (wanted.open !== present.open) statements.push(openStatement(name, wanted.open));
  return statements;
}

export const commentStatement = (name: string, comment: string | null): string =>
  `COMMENT ON DATABASE ${escapeIdentifier(name)} IS ${comment === null ? 'NULL' : escapeLiteral(comment)}`;

/** Whether anybody may connect. */
export const openStatement = (name: string, open: boolean): string =>
  `ALTER DATABASE ${escapeIdentifier(name)} ALLOW_CONNECTIONS ${open}`;

function parameters(wanted: Belongings['parameters'], present: Belongings['parameters'], name: string): string[] {
  const subject = (role: string | null): string =>
    role === null
      ? `ALTER DATABASE ${escapeIdentifier(name)}`
      : `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${escapeIdentifier(name)}`;
  const same = (role: string | null): boolean => wanted.get(role)?.join('\n') === present.get(role)?.join('\n');
  const differing = [...new Set([...wanted.keys(), ...present.keys()])].filter((role) => !same(role));
  return differing.flatMap((role) => [
    ...(present.has(role) ? [`${subject(role)} RESET ALL`] : []),
    ...(wanted.get(role) ?? []).map((setting) => {
      const at = setting.indexOf('=');
      const parameter = setting.slice(0, at);
      const value = setting.slice(at + 1);
      const values = lists.has(parameter) ? splitNames(value) : [value];
      return `${subject(role)} SET ${escapeIdentifier(parameter)} TO ${values.map(escapeLiteral).join(', ')}`;
    }),
  ]);
}

/** Splits `"$user", public` into names, taking off their quotes. */
export function splitNames(list: string): string[] {
  const names = list.match(/"(?:[^"]|"")*"|[^\s,"]+/g) ?? [];
  if (names.length === 0) return [''];
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}

function privileges(wanted: Belongings, present: Belongings, name: string): string[] {
  const database = escapeIdentifier(name);
  const isSameOwner = wanted.owner === present.owner;
  if (isSameOwner && JSON.stringify(wanted.grants) === JSON.stringify(present.grants)) return [];
  const roles = new Set([wanted.owner, present.owner, ...present.grants.map(({ grantee }) => grantee)]);
  const holders = [...roles].flatMap((role) => (role === null ? [] : [escapeIdentifier(role)]));
  return [
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${holders.join(', ')} CASCADE`,
    ...wanted.grants.map(
      ({ grantee, privilege, grantable }) =>
        `GRANT ${privilege} ON DATABASE ${database} TO ${grantee === null ? 'PUBLIC' : escapeIdentifier(grantee)}` +
        (grantable ? ' WITH GRANT OPTION' : ''),
    ),
  ];
}
