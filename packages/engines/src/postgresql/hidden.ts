import { escapeIdentifier } from 'pg';
import type { Session } from './session.ts';

/** What `pg_dump` leaves out without a failure because the user may not see it, in sentences. */
export async function hiddenFromUser(session: Session): Promise<string[]> {
  const [hidden] = await session.query<{ user: string; subscriptions: string[] | null; mappings: string[] | null }>(
    `select current_user as user,
       (select array_agg(s.subname::text order by s.subname) from pg_subscription s join pg_database d on d.oid = s.subdbid
        where d.datname = current_database() and not r.rolsuper) as subscriptions,
       (select array_agg(distinct m.srvname::text) from pg_user_mappings m join pg_foreign_server s on s.oid = m.srvid
        where m.umoptions is null and not r.rolsuper and not pg_has_role(s.srvowner, 'USAGE')) as mappings
     from pg_roles r where r.rolname = current_user`,
  );
  const names = (list: readonly string[]): string => list.map((name) => escapeIdentifier(name)).join(', ');
  const sentences = [];
  if (hidden?.subscriptions) {
    sentences.push(
      `Subscriptions are not in the backup, because only a superuser may read them: ${names(hidden.subscriptions)}.`,
    );
  }
  if (hidden?.mappings) {
    sentences.push(
      `What users of foreign servers are mapped to (names, passwords) is not in the backup, because ${escapeIdentifier(hidden.user)} may not read it: ${names(hidden.mappings)}.`,
    );
  }
  return sentences;
}
