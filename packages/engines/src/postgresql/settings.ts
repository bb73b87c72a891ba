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

/**
 * The statements that give database `name` what belongs to the database `oid` itself and is in no archive: settings,
 * privileges, comment, connection limit, being a template.
 */
export async function settingsStatements(session: Session, oid: number, name: string): Promise<string[]> {
  return [
    ...(await parameters(session, oid, name)),
    ...(await privileges(session, oid, name)),
    ...(await attributes(session, oid, name)),
  ];
}

async function parameters(session: Session, oid: number, name: string): Promise<string[]> {
  const rows = await session.query<{ role: string | null; setting: string }>(
    `select case s.setrole when 0 then null else pg_get_userbyid(s.setrole) end as role, unnest(s.setconfig) as setting
     from pg_db_role_setting s where s.setdatabase = $1`,
    [oid],
  );
  return rows.map(({ role, setting }) => {
    const at = setting.indexOf('=');
    const parameter = setting.slice(0, at);
    const value = setting.slice(at + 1);
    const subject =
      role === null
        ? `ALTER DATABASE ${escapeIdentifier(name)}`
        : `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${escapeIdentifier(name)}`;
    const values = lists.has(parameter) ? splitNames(value) : [value];
    return `${subject} SET ${escapeIdentifier(parameter)} TO ${values.map(escapeLiteral).join(', ')}`;
  });
}

/** Splits `"$user", public` into names, taking off their quotes. */
export function splitNames(list: string): string[] {
  const names = list.match(/"(?:[^"]|"")*"|[^\s,"]+/g) ?? [];
  if (names.length === 0) return [''];
  return names.map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}

async function privileges(session: Session, oid: number, name: string): Promise<string[]> {
  const database = escapeIdentifier(name);
  const [acl] = await session.query<{ owner: string; changed: boolean }>(
    'select pg_get_userbyid(datdba) as owner, datacl is not null as changed from pg_database where oid = $1',
    [oid],
  );
  if (!acl?.changed) return [];
  const grants = await session.query<{ grantee: string | null; privilege: string; grantable: boolean }>(
    `select case a.grantee when 0 then null else pg_get_userbyid(a.grantee) end as grantee,
       a.privilege_type as privilege, a.is_grantable as grantable
     from pg_database d, aclexplode(d.datacl) a where d.oid = $1`,
    [oid],
  );
  return [
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${escapeIdentifier(acl.owner)}`,
    ...grants.map(
      ({ grantee, privilege, grantable }) =>
        `GRANT ${privilege} ON DATABASE ${database} TO ${grantee === null ? 'PUBLIC' : escapeIdentifier(grantee)}` +
        (grantable ? ' WITH GRANT OPTION' : ''),
    ),
  ];
}

async function attributes(session: Session, oid: number, name: string): Promise<string[]> {
  const [row] = await session.query<{ comment: string | null; limit: number; template: boolean }>(
    `select shobj_description(oid, 'pg_database') as comment, datconnlimit as "limit", datistemplate as template
     from pg_database where oid = $1`,
    [oid],
  );
  if (!row) return [];
  const database = escapeIdentifier(name);
  const statements = [];
  if (row.comment !== null) statements.push(`COMMENT ON DATABASE ${database} IS ${escapeLiteral(row.comment)}`);
  if (row.limit >= 0) statements.push(`ALTER DATABASE ${database} CONNECTION LIMIT ${row.limit}`);
  if (row.template) statements.push(`ALTER DATABASE ${database} IS_TEMPLATE true`);
  return statements;
}
