import type { Session } from '../session.ts';
import { switches, type Role, type RoleAttributes, type Switch } from './roles.ts';

/** A role as it is on the server, seen beside the one of the backup. */
export interface PresentRole extends Omit<RoleAttributes, 'validUntil'> {
  name: string;
  comment: string | null;
  /** Whether its password ends when the backup says so. */
  sameEnd: boolean;
  /** Who must not be changed: the connecting user and every superuser, so that nobody is locked out of the server. */
  guarded: boolean;
  /** Whether it is seen to have no password. */
  passwordless: boolean;
}

type Row = Omit<PresentRole, 'on'> & Record<`is${Switch}`, boolean>;

/** The columns of pg_roles. */
const columns: Readonly<Record<Switch, string>> = {
  SUPERUSER: 'rolsuper',
  INHERIT: 'rolinherit',
  CREATEROLE: 'rolcreaterole',
  CREATEDB: 'rolcreatedb',
  LOGIN: 'rolcanlogin',
  REPLICATION: 'rolreplication',
  BYPASSRLS: 'rolbypassrls',
};

/** The given roles, those of them that exist, by their names. The bootstrap superuser always has the oid 10. */
export async function presentRoles(session: Session, wanted: readonly Role[]): Promise<Map<string, PresentRole>> {
  // Only who may read the hashes sees whether there is one.
  const [self] = await session.query<{ sees: boolean }>(
    `select has_table_privilege('pg_catalog.pg_authid', 'SELECT') as sees`,
  );
  const passwordless = self?.sees ? '(select a.rolpassword is null from pg_authid a where a.oid = r.oid)' : 'false';
  const rows = await session.query<Row>(
    `select r.rolname::text as name, ${switches.map((name) => `r.${columns[name]} as "is${name}"`).join(', ')},
       r.rolconnlimit as "connectionLimit", shobj_description(r.oid, 'pg_authid') as comment,
       coalesce(r.rolvaliduntil, 'infinity') = coalesce(w.until::timestamptz, 'infinity') as "sameEnd",
       r.rolsuper or r.oid = 10 or r.rolname in (current_user, session_user) as guarded,
       ${passwordless} as passwordless
     from unnest($1::text[], $2::text[]) as w (name, until) join pg_roles r on r.rolname = w.name`,
    [wanted.map(({ name }) => name), wanted.map(({ attributes }) => attributes.validUntil)],
  );
  return new Map(
    rows.map((row) => [row.name, { ...row, on: new Set(switches.filter((name) => row[`is${name}`])) }] as const),
  );
}
