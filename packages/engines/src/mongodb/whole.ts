import type { Readable } from 'node:stream';
import {
  HoldfastError,
  type Connection,
  type EngineContext,
  type RestoreReport,
  type RestoreRequest,
} from '@holdfast/shared/domain';
import type { Collection } from 'mongodb';
import type { Prelude } from './archive/prelude.ts';
import type { Client, MongodbClients } from './clients.ts';
import { failure } from './failures.ts';
import { fill } from './fill.ts';
import { isOwnDatabase, marksDatabase } from './names.ts';
import { listDatabases, refuseRouter, withSession, type Session } from './session.ts';

/** Which restore of a whole server goes on or was done, in a database of its own. */
interface WholeMark {
  _id: string;
  isDone: boolean;
  /** What it makes; the server had none of them. */
  databases: string[];
}

const cleanUpMs = 60_000;

const marksOf = ({ client }: Session): Collection<WholeMark> =>
  client.db(marksDatabase).collection<WholeMark>('restores');

/**
 * Brings a whole server back, with the oplog where the backup has it. Nothing can be built beside, as an oplog knows the
 * databases by their names: so only a server without databases is restored to, and what a failed attempt has made is dropped.
 */
export async function restoreWhole(
  clients: MongodbClients,
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  { announced }: Prelude,
  input: Readable,
  { signal }: EngineContext,
): Promise<RestoreReport> {
  if (target.mode === 'new_database') {
    const how = 'register a server without databases and restore into that';
    throw failure('configuration', `a whole server cannot become one new database: ${how}`, connection, undefined);
  }
  const databases = [...new Set(announced.map(({ database }) => database))].filter(
    (name) => name !== '' && !isOwnDatabase(name),
  );
  const hasOplog = announced.some(({ database, collection }) => database === '' && collection === 'oplog');
  const { client, version } = await withSession(connection, { signal, fallback: 'restore_failed' }, (session) =>
    begin(clients, session, connection, { _id: restoreId, isDone: false, databases }, signal),
  );
  try {
    await fill(client, connection, hasOplog ? ['--oplogReplay'] : [], input, signal);
    await withSession(connection, { signal, fallback: 'restore_failed' }, (session) =>
      marksOf(session).updateOne({ _id: restoreId }, { $set: { isDone: true } }),
    );
  } catch (error) {
    const later = AbortSignal.timeout(cleanUpMs);
    await withSession(connection, { signal: later, fallback: 'restore_failed' }, (session) =>
      cleanUpWhole(session, restoreId),
    ).catch(() => undefined);
    throw error;
  }
  return {
    tool: { name: client.name, version: client.version },
    serverVersion: version,
    database: connection.database,
    outcome: `The server holds the content of the backup: ${databases.length} databases${hasOplog ? ', as of the end of the dump' : ''}. It had none before.`,
  };
}

async function begin(
  clients: MongodbClients,
  session: Session,
  connection: Connection,
  mark: WholeMark,
  signal: AbortSignal,
): Promise<{ client: Client; version: string }> {
  const { server } = session;
  refuseRouter(server, connection);
  const client = await clients.choose('mongorestore', server.version, signal);
  await cleanUpWhole(session, mark._id);
  const present = await listDatabases(session);
  if (present.length > 0) {
    const names = present.map(({ name }) => `"${name}"`).join(', ');
    throw new HoldfastError(
      'restore_target_exists',
      `A whole server is restored only into one without databases, and ${connection.host}:${connection.port} holds ${names}. Restore into another server.`,
    );
  }
  await marksOf(session).insertOne(mark, { writeConcern: { w: 'majority', j: true } });
  return { client, version: server.version };
}

/** Drops what an unfinished attempt has made. */
export async function cleanUpWhole(session: Session, restoreId: string): Promise<void> {
  const marks = marksOf(session);
  const mark = await marks.findOne({ _id: restoreId });
  if (!mark || mark.isDone) return;
  for (const name of mark.databases) await session.client.db(name).dropDatabase();
  await marks.deleteOne({ _id: restoreId });
  if ((await marks.countDocuments({})) === 0) await session.client.db(marksDatabase).dropDatabase();
}

/** Whether the mark of a restore says that it was done. */
export async function findWhole(session: Session, restoreId: string): Promise<boolean> {
  return (await marksOf(session).findOne({ _id: restoreId }))?.isDone === true;
}
