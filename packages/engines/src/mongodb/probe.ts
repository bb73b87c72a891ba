import type { Connection, EngineContext, ListedDatabase, ProbeReport } from '@holdfast/shared/domain';
import type { Client, MongodbClients } from './clients.ts';
import { isContent, wholeServer } from './names.ts';
import { dumpNeeds, missingPrivileges } from './privileges.ts';
import { listDatabases, mustExist, refuseRouter, withSession, type Session } from './session.ts';

/** A probe's report, and what only a dump needs beside it. */
export interface Survey extends ProbeReport {
  client: Client;
  /** Bytes of the documents: near to what a dump will have. */
  contentBytes: number;
  warnings: string[];
  isReplicaSet: boolean;
}

/** Looks at the server, and chooses the client program for it. */
export async function survey(
  clients: MongodbClients,
  connection: Connection,
  { signal }: EngineContext,
): Promise<Survey> {
  return withSession(connection, { signal, fallback: 'dump_failed' }, async (session) => {
    const { server } = session;
    refuseRouter(server, connection);
    await mustExist(session, connection);
    const client = await clients.choose('mongodump', server.version, signal);
    const isWhole = connection.database === wholeServer;
    const names = isWhole ? (await listDatabases(session)).map(({ name }) => name) : [connection.database];
    const looks = await Promise.all(names.map((name) => look(session, name)));
    const sum = (of: (one: Look) => number): number => looks.reduce((total, one) => total + of(one), 0);
    return {
      serverVersion: server.version,
      sizeBytes: sum(({ sizeBytes }) => sizeBytes),
      contentBytes: sum(({ contentBytes }) => contentBytes),
      tables: sum(({ collections }) => collections),
      missingPrivileges: await missingPrivileges(session, connection, dumpNeeds(connection.database)),
      warnings: [...consistency(isWhole, server.isReplicaSet), ...looks.flatMap(({ warnings }) => warnings)],
      tool: { name: client.name, version: client.version },
      client,
      isReplicaSet: server.isReplicaSet,
    };
  });
}

/** The databases that people made. */
export async function list(connection: Connection, { signal }: EngineContext): Promise<ListedDatabase[]> {
  const anywhere = { ...connection, database: 'admin' };
  return withSession(anywhere, { signal, fallback: 'dump_failed' }, listDatabases);
}

interface Look {
  sizeBytes: number;
  contentBytes: number;
  collections: number;
  warnings: string[];
}

async function look({ client }: Session, name: string): Promise<Look> {
  const db = client.db(name);
  const { dataSize, totalSize, storageSize } = await db.command({ dbStats: 1 });
  const collections = await db.listCollections({}, { nameOnly: false }).toArray();
  const content = collections.filter((one) => isContent(one.name));
  const series = content.filter(({ type }) => type === 'timeseries').map((one) => `"${one.name}"`);
  const warnings = [
    ...(series.length > 0
      ? [
          `Time series (${series.join(', ')}) are in the dump of "${name}", but Holdfast cannot restore a dump with them: mongorestore by hand can.`,
        ]
      : []),
    ...(collections.some((one) => one.name === 'system.js')
      ? [`The functions stored in "${name}" (system.js) are not in the dump.`]
      : []),
  ];
  return {
    sizeBytes: Number(totalSize ?? storageSize ?? 0),
    contentBytes: Number(dataSize ?? 0),
    collections: content.filter(({ type }) => type !== 'view').length,
    warnings,
  };
}

function consistency(isWhole: boolean, isReplicaSet: boolean): string[] {
  if (isWhole && isReplicaSet) return [];
  const why = 'each collection is read on its own, so what is written meanwhile may be in one and not yet in another';
  const way = isWhole
    ? 'mongodump reads all as of one moment only from a replica set, by its oplog'
    : `mongodump reads all as of one moment only where a whole replica set is dumped: register "${wholeServer}" as the database`;
  return [`The dump is not as of one moment: ${why}. ${way}.`];
}
