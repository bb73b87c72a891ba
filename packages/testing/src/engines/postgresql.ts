import { Secret, type Connection } from '@holdfast/shared/domain';
import { Client } from 'pg';
import { sharedPostgres, type TestPostgres } from '../postgres/index.ts';
import { fingerprint } from './fingerprint.ts';
import { sampleStatements } from './sample.ts';

let made = 0;

/** How an engine reaches a database of a test server, as superuser unless told otherwise. */
export function connectionTo(server: TestPostgres, database: string, change: Partial<Connection> = {}): Connection {
  const { host, port, user } = server;
  return { host, port, user, password: new Secret(server.password), database, options: {}, ...change };
}

/** A new database on a test server (the shared one when none is given), empty or with the sample. */
export async function newDatabase(
  content: 'sample' | 'empty',
  given?: TestPostgres,
  name?: string,
): Promise<Connection> {
  const server = given ?? (await sharedPostgres());
  made += 1;
  const database = name ?? `engine_${process.pid}_${made}`;
  // One of a name that tests give may have been left by another one.
  if (name !== undefined) await server.query('postgres', `drop database if exists "${name.replaceAll('"', '""')}"`);
  await server.createDatabase(database);
  if (content === 'sample') await server.query(database, ...sampleStatements());
  return connectionTo(server, database);
}

/** The fingerprint of a database, by an engine's connection. */
export function contentOf(connection: Connection, database = connection.database): Promise<string[]> {
  return fingerprint({ ...clientConfig(connection), database });
}

/** An open client of node-pg. */
export async function openClient(connection: Connection): Promise<Client> {
  const client = new Client(clientConfig(connection));
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function clientConfig(connection: Connection): {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
} {
  const { host, port, user, password, database } = connection;
  return { host, port, user, password: password?.reveal() ?? '', database };
}
