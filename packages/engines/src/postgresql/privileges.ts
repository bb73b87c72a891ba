import type { Connection } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import type { PartConditions } from './part/conditions.ts';
import type { Session } from './session.ts';

const shown = 20;

/** Schemas whose content a dump leaves out. */
const ownSchemas = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** What an extension brings along is created anew by it; only its configuration tables are dumped. */
const notOfExtension = `(not exists (select from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  or exists (select from pg_extension e where c.oid = any (e.extconfig)))`;

/** The relations that a dump holds, as `c` with their schema `n`, and the beginning of conditions on them. */
export const dumpedRelations = `pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${ownSchemas} and c.relpersistence <> 't' and ${notOfExtension}`;

/** The number of tables whose rows a dump reads. */
export async function countTables(session: Session, { relation }: PartConditions): Promise<number> {
  const [row] = await session.query<{ count: number }>(
    `select count(*)::int from ${dumpedRelations} and c.relkind = 'r' and ${relation}`,
  );
  return row?.count ?? 0;
}

/** What would make a dump fail, each as a sentence with the statement that helps; a long list ends with a summary. */
export async function missingPrivileges(session: Session, part: PartConditions): Promise<string[]> {
  const [self] = await session.query<{ name: string; all: boolean; bypass: boolean }>(
    'select rolname as name, rolsuper as "all", rolbypassrls as bypass from pg_roles where rolname = current_user',
  );
  if (!self || self.all) return [];
  const role = escapeIdentifier(self.name);
  const sentences = [
    ...(await schemas(session, role, part)),
    ...(await unreadable(session, role, part)),
    ...(self.bypass ? [] : await hiddenRows(session, role, part)),
    ...(part.isAllBut ? await largeObjects(session, role) : []),
  ];
  if (sentences.length <= shown) return sentences;
  const all =
    session.server.major >= 14 ? `GRANT pg_read_all_data TO ${role};` : 'GRANT SELECT ON ALL TABLES IN SCHEMA …;';
  return [...sentences.slice(0, shown), `${sentences.length - shown} more objects cannot be read: ${all}`];
}

async function schemas(session: Session, role: string, { relation }: PartConditions): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select distinct n.nspname as name from ${dumpedRelations} and c.relkind in ('r', 'p', 'S') and ${relation}
       and not has_schema_privilege(n.oid, 'USAGE') order by 1`,
  );
  return rows.map(({ name }) => {
    const schema = escapeIdentifier(name);
    return `Schema ${schema} cannot be used: GRANT USAGE ON SCHEMA ${schema} TO ${role};`;
  });
}

async function unreadable(session: Session, role: string, { relation }: PartConditions): Promise<string[]> {
  const rows = await session.query<{ schema: string; name: string; sequence: boolean }>(
    `select n.nspname as schema, c.relname as name, c.relkind = 'S' as sequence from ${dumpedRelations} and ${relation}
       and case c.relkind when 'S' then not has_sequence_privilege(c.oid, 'SELECT')
         when 'r' then not has_table_privilege(c.oid, 'SELECT')
         when 'p' then not has_table_privilege(c.oid, 'SELECT') else false end
     order by 1, 2`,
  );
  return rows.map(({ schema, name, sequence }) => {
    const full = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
    return sequence
      ? `Sequence ${full} cannot be read: GRANT SELECT ON SEQUENCE ${full} TO ${role};`
      : `Table ${full} cannot be read: GRANT SELECT ON TABLE ${full} TO ${role};`;
  });
}

async function hiddenRows(session: Session, role: string, { relation }: PartConditions): Promise<string[]> {
  const rows = await session.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from ${dumpedRelations} and ${relation} and c.relkind in ('r', 'p')
       and row_security_active(c.oid) order by 1, 2`,
  );
  return rows.map(
    ({ schema, name }) =>
      `Row-level security hides rows of table ${escapeIdentifier(schema)}.${escapeIdentifier(name)}: ALTER ROLE ${role} BYPASSRLS;`,
  );
}

async function largeObjects(session: Session, role: string): Promise<string[]> {
  const [row] = await session.query<{ count: number; example: string | null }>(
    `select count(*)::int, min(m.oid)::text as example from pg_largeobject_metadata m
     where not pg_has_role(m.lomowner, 'USAGE') and current_setting('lo_compat_privileges') <> 'on'
       and not exists (select from aclexplode(m.lomacl) a where a.privilege_type = 'SELECT'
         and (a.grantee = 0 or pg_has_role(a.grantee, 'USAGE')))`,
  );
  if (!row?.example) return [];
  return [
    `${row.count} large objects cannot be read, such as ${row.example}: GRANT SELECT ON LARGE OBJECT ${row.example} TO ${role};`,
  ];
}

/** What would make a dump of the server's globals fail, likewise. */
export async function missingForGlobals(session: Session, { options }: Connection): Promise<string[]> {
  if (!options.globals_passwords) return [];
  const [self] = await session.query<{ name: string; sees: boolean }>(
    `select current_user as name, has_table_privilege('pg_catalog.pg_authid', 'SELECT') as sees`,
  );
  if (!self || self.sees) return [];
  return [
    `The hashes of passwords cannot be read: GRANT SELECT ON TABLE pg_catalog.pg_authid TO ${escapeIdentifier(self.name)}; or back up the roles without them (globals_passwords false).`,
  ];
}
