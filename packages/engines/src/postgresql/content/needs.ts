import type { ContentManifest } from '@holdfast/shared/domain';
import type { Session } from '../session.ts';

/**
 * The roles that own what is in the database or are granted something of it, and the tablespaces that its relations lie in
 * by name. What the server's first role owns is recorded nowhere, so the owners of relations and schemas are looked at, too.
 */
export async function readNeeds(session: Session): Promise<Required<ContentManifest>['needs']> {
  const roles = await session.query<{ name: string }>(
    `select r.rolname as name from pg_roles r where r.rolname !~ '^pg_' and (
       exists (select from pg_shdepend s join pg_database d on d.oid = s.dbid
         where d.datname = current_database() and s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid)
       or exists (select from pg_class c where c.relowner = r.oid and c.oid >= 16384)
       or exists (select from pg_namespace n where n.nspowner = r.oid and n.oid >= 16384))
     order by 1`,
  );
  const tablespaces = await session.query<{ name: string }>(
    `select distinct t.spcname as name from pg_class c join pg_tablespace t on t.oid = c.reltablespace
     where c.oid >= 16384 and t.spcname !~ '^pg_' order by 1`,
  );
  return { roles: roles.map(({ name }) => name), tablespaces: tablespaces.map(({ name }) => name) };
}
