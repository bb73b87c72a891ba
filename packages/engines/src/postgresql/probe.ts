import { HoldfastError, partOf, type Connection, type ProbeReport } from '@holdfast/shared/domain';
import type { Client, Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { surveyPart, type SurveyedPart } from './part/survey.ts';
import { hiddenFromUser } from './hidden.ts';
import { countTables, missingForGlobals, missingPrivileges } from './privileges.ts';
import { withSession, type Session } from './session.ts';
import { isStandby, lostOnStandby, standbyNotice } from './standby.ts';

/** A probe's report, and what only a dump needs beside it. */
export interface Survey extends ProbeReport {
  warnings: string[];
  /** Those of them that tell what a dump does not hold. */
  lost: string[];
  part: SurveyedPart;
  client: Client;
  /** Bytes on disk without indexes and system catalogs: near to what a dump will have. */
  contentBytes: number;
  /** The role that the look went by, which is the one that its privileges are told of. */
  role: string;
  /** The database's. */
  encoding: string;
}

/** Looks at the server, and chooses the client program for it. */
export async function survey(clients: Clients, connection: Connection, context: PostgresContext): Promise<Survey> {
  return withSession(connection, { ...context, fallback: 'dump_failed' }, async (session) => {
    const client = await clients.choose('pg_dump', { server: session.server }, context.signal);
    const part = await surveyPart(session, partOf(connection.options));
    const lost = [...part.lost, ...(await lostOnStandby(session, part.conditions)), ...(await hiddenFromUser(session))];
    return {
      serverVersion: session.server.version,
      ...(await sizes(session)),
      ...(await ways(session)),
      tables: await countTables(session, part.conditions),
      missingPrivileges: [
        ...(await missingPrivileges(session, part.conditions)),
        ...(connection.options.globals ? await missingForGlobals(session, connection) : []),
      ],
      warnings: [...((await isStandby(session)) ? [standbyNotice] : []), ...lost],
      lost,
      part,
      tool: { name: client.name, version: client.version },
      client,
    };
  });
}

async function ways(session: Session): Promise<Pick<Survey, 'role' | 'encoding'>> {
  const [row] = await session.query<Pick<Survey, 'role' | 'encoding'>>(
    `select current_user as role, current_setting('server_encoding') as encoding`,
  );
  if (!row) throw new HoldfastError('internal');
  return row;
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
