import type { Connection, ProbeReport } from '@holdfast/shared/domain';
import type { Client, Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { countTables, missingPrivileges } from './privileges.ts';
import { withSession, type Session } from './session.ts';

/** A probe's report, and what only a dump needs beside it. */
export interface Survey extends ProbeReport {
  client: Client;
  /** Bytes on disk without indexes and system catalogs: near to what a dump will have. */
  contentBytes: number;
}

/** Looks at the server, and chooses the client program for it. */
export async function survey(clients: Clients, connection: Connection, context: PostgresContext): Promise<Survey> {
  return withSession(connection, { ...context, fallback: 'dump_failed' }, async (session) => {
    const client = await clients.choose('pg_dump', { server: session.server }, context.signal);
    return {
      serverVersion: session.server.version,
      ...(await sizes(session)),
      tables: await countTables(session),
      missingPrivileges: await missingPrivileges(session),
      tool: { name: client.name, version: client.version },
      client,
    };
  });
}

/** Without locks: a table that is being rebuilt must not make a look at the server wait. */
async function sizes(session: Session): Promise<{ sizeBytes: number; contentBytes: number }> {
  const [row] = await session.query<{ size: string; overhead: string }>(
    `select pg_database_size(current_database()) as size,
       (select coalesce(sum(c.relpages::bigint), 0) * current_setting('block_size')::bigint
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('i', 'I') or (n.nspname in ('pg_catalog', 'information_schema') and c.relname <> 'pg_largeobject')) as overhead`,
  );
  const sizeBytes = Number(row?.size ?? 0);
  return { sizeBytes, contentBytes: Math.max(0, sizeBytes - Number(row?.overhead ?? 0)) };
}
