import type { Connection, ListedDatabase } from '@holdfast/shared/domain';
import type { PostgresContext } from './context.ts';
import { ownNames } from './names.ts';
import { withSession } from './session.ts';

/**
 * The databases of the server that one can connect to, but for templates and for what our own restores keep beside their
 * targets. The size of one that the user may not connect to is unknown.
 */
export async function list(connection: Connection, context: PostgresContext): Promise<ListedDatabase[]> {
  return await withSession(connection, { ...context, fallback: 'dump_failed' }, async (session) => {
    const rows = await session.query<{ name: string; size: string | null }>(
      `select datname as name,
         case when has_database_privilege(oid, 'CONNECT') then pg_database_size(oid) end as size
       from pg_database where datallowconn and not datistemplate and datname !~ $1 order by datname collate "C"`,
      [ownNames],
    );
    return rows.map(({ name, size }) => ({ name, sizeBytes: size === null ? null : Number(size) }));
  });
}
