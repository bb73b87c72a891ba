import type { Connection } from '@holdfast/shared/domain';
import { openClient } from './postgresql.ts';

/** Names that break programs which take a name for a part of their own language. */
export const oddRoleNames = [
  'Odd "role"; drop role postgres; --',
  "it's \\ back\\",
  'new\nline -- "x"',
  'ünï 数据库 🗄️',
  'select',
  'current_user',
  ' ',
  "E'\\'",
  '$$',
  'n'.repeat(63),
] as const;

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Gives a PostgreSQL server a little of everything that roles can have, and enough roles to fill pipes. */
export async function fillRoles(connection: Connection): Promise<void> {
  const client = await openClient({ ...connection, database: 'postgres' });
  try {
    for (const name of oddRoleNames) {
      await client.query(`create role ${quote(name)} login password 'p4ssword'`);
      await client.query(`comment on role ${quote(name)} is 'It''s \\ a "role"\nof --two lines; 数据库'`);
      await client.query(`alter role ${quote(name)} set "my.app" to 'it''s \\ "set"\n; here'`);
    }
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

const statements = [
  `create role all_on superuser createrole createdb login replication bypassrls`,
  `create role all_off noinherit`,
  `create role limited connection limit 3 valid until '2030-02-01 10:00+05:30'`,
  `create role endless valid until 'infinity'`,
  `alter role limited set search_path to "$user", public, "Odd, ""one"""`,
  `alter role limited set work_mem to '7MB'`,
  `alter role limited set session_preload_libraries to ''`,
  `alter role limited set role to 'all_off'`,
  `create role team`,
  `create role a_member`,
  `create role leader`,
  `grant team to leader with admin option`,
  `grant team to all_off`,
  `grant team to a_member granted by leader`,
  `grant team to ${quote(oddRoleNames[0])}`,
  `grant ${quote(oddRoleNames[1])} to ${quote(oddRoleNames[2])} with admin option`,
  `grant pg_monitor to team`,
  `grant team to pg_write_all_data`,
  `grant pg_read_all_data to leader with admin option`,
  `do $$ begin for i in 1..1500 loop execute format('create role many_%s', i); end loop; end $$`,
];

/** Describes the roles of a PostgreSQL server but for its first one, line by line; passwords aside. */
export async function rolesOf(connection: Connection): Promise<string[]> {
  const client = await openClient({ ...connection, database: 'postgres' });
  try {
    await client.query(`set timezone to 'UTC'`);
    const { rows } = await client.query<{ line: string }>(
      `select to_jsonb(t)::text as line from (
         select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
           rolconnlimit, nullif(rolvaliduntil, 'infinity') as until, shobj_description(oid, 'pg_authid') as comment,
           (select setconfig from pg_db_role_setting where setrole = pg_roles.oid and setdatabase = 0) as settings
         from pg_roles where oid <> 10 and rolname !~ '^pg_') t
       union all
       select to_jsonb(t)::text from (
         select roleid::regrole as role, member::regrole as member, admin_option, grantor::regrole as grantor
         from pg_auth_members where not (roleid < 16384 and member < 16384)) t
       order by 1`,
    );
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
  }
}
