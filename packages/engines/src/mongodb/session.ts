import { HoldfastError, type Connection, type EngineContext, type ErrorCode } from '@holdfast/shared/domain';
import { MongoClient, type Db, type MongoClientOptions } from 'mongodb';
import { failure, fromDriver } from './failures.ts';
import { isOwnDatabase, wholeServer } from './names.ts';
import { reach } from './reach.ts';
import { planTls, type TlsPlan } from './tls.ts';

/** The server as one look finds it. */
export interface Server {
  /** `7.0.14` */
  version: string;
  /** A router of a sharded cluster. */
  isRouter: boolean;
  isReplicaSet: boolean;
  isWritable: boolean;
}

export interface Session {
  client: MongoClient;
  server: Server;
  /** The registered database; of a whole server the one where its users are. */
  db: Db;
}

export interface SessionOptions extends EngineContext {
  /** The code of an error of the server that has no place in the table. */
  fallback: ErrorCode;
}

const connectMs = 10_000;
/** Characters that make more of a host name than one host. */
const noHost = /[\s,/@?#%]/;

export const authSource = ({ options }: Connection): string => options.auth_source ?? 'admin';

/** Connects, works and closes. Every failure is one of the table, or the signal's reason. */
export async function withSession<T>(
  connection: Connection,
  { signal, fallback }: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  if (connection.host === '' || noHost.test(connection.host)) {
    throw new HoldfastError('configuration', `"${connection.host}" is not the name or address of one host.`);
  }
  await reach(connection, signal).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : fromDriver(error, connection, fallback);
  });
  const tls = await planTls(connection, signal);
  const client = new MongoClient(urlOf(connection), clientOptions(connection, tls));
  const onAbort = (): void => void client.close(true).catch(() => undefined);
  try {
    signal.addEventListener('abort', onAbort, { once: true });
    await client.connect();
    const server = await lookAt(client);
    const { database } = connection;
    return await work({ client, server, db: client.db(database === wholeServer ? 'admin' : database) });
  } catch (error) {
    throw signal.aborted ? signal.reason : fromDriver(error, connection, fallback);
  } finally {
    signal.removeEventListener('abort', onAbort);
    await client.close(true).catch(() => undefined);
  }
}

/** Holds nothing but the address, so no word of a name or password can be read as an option. */
const urlOf = ({ host, port }: Connection): string => `mongodb://${host.includes(':') ? `[${host}]` : host}:${port}/`;

function clientOptions(connection: Connection, tls: TlsPlan): MongoClientOptions {
  const { user, password } = connection;
  return {
    appName: 'holdfast',
    directConnection: true,
    serverSelectionTimeoutMS: connectMs,
    connectTimeoutMS: connectMs,
    maxPoolSize: 2,
    readPreference: 'primaryPreferred',
    ...(password && { auth: { username: user, password: password.reveal() }, authSource: authSource(connection) }),
    ...(tls !== null && {
      tls: true,
      ...(tls.verify ? {} : { tlsAllowInvalidCertificates: true, tlsAllowInvalidHostnames: true }),
      ...(tls.roots !== null && { ca: tls.roots }),
    }),
  };
}

async function lookAt(client: MongoClient): Promise<Server> {
  const admin = client.db('admin');
  const hello = await admin.command({ hello: 1 });
  const { version } = await admin.command({ buildInfo: 1 });
  return {
    version: String(version),
    isRouter: hello['msg'] === 'isdbgrid',
    isReplicaSet: 'setName' in hello,
    isWritable: hello['isWritablePrimary'] === true,
  };
}

export interface FoundDatabase {
  name: string;
  sizeBytes: number | null;
}

/** The databases that people made, as far as the user may see them, in the order of their names. */
export async function listDatabases({ client }: Session): Promise<FoundDatabase[]> {
  const { databases } = (await client
    .db('admin')
    .command({ listDatabases: 1, authorizedDatabases: true })) as unknown as {
    databases: { name: string; sizeOnDisk?: number }[];
  };
  return databases
    .filter(({ name }) => !isOwnDatabase(name))
    .map(({ name, sizeOnDisk }) => ({ name, sizeBytes: sizeOnDisk ?? null }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws HoldfastError configuration, where what is read is not as of one moment in any way */
export function refuseRouter({ isRouter }: Server, connection: Connection): void {
  if (!isRouter) return;
  const why = 'this is a router (mongos): what mongodump reads through it is not consistent between shards';
  throw failure(
    'configuration',
    `${why}. Register each shard's replica set, or use the cluster's own backups`,
    connection,
    undefined,
  );
}

/** @throws HoldfastError database_missing */
export async function mustExist(session: Session, connection: Connection): Promise<void> {
  const { database } = connection;
  if (database === wholeServer) return;
  const found = await listDatabases(session);
  if (found.some(({ name }) => name === database)) return;
  throw failure('database_missing', `there is no database "${database}" that the user can see`, connection, undefined);
}
