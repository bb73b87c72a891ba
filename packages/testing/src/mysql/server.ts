import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, isRoot } from '@holdfast/embedded';
import type { Context } from 'mocha';
import { createConnection, type Connection } from 'mysql2/promise';
import { releaseAtEnd } from '../resources.ts';
import { serverPrograms, type Flavour } from './programs.ts';

export type { Flavour } from './programs.ts';

export interface TestMysqlOptions {
  flavour: Flavour;
  /** Further options of the server: `--event-scheduler=OFF`. */
  args?: readonly string[];
  /** For gigabytes, which are kept on a disk; in memory where there is room otherwise. */
  large?: boolean;
}

/** A real server of the test's own on a free port of loopback, with nothing durable about it. */
export interface TestMysql {
  flavour: Flavour;
  host: string;
  port: number;
  /** May do everything. */
  user: string;
  password: string;
  readonly pid: number;
  /** A client of its own, to be ended by whoever asked. */
  connect(database?: string, user?: { user: string; password: string }): Promise<Connection>;
  /** Runs statements, each on its own, and returns the rows of the last. */
  query(...statements: string[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
}

const howToEnable = {
  mysql: 'there is no MySQL server; `npm test` unpacks one on Debian',
  mariadb: 'mariadbd is not installed; to run these tests: apt-get install mariadb-server-core mariadb-client',
} as const satisfies Record<Flavour, string>;

/** Skips the tests of a hook's suite when there is no such server to run; in CI nothing is skipped, so it fails there. */
export function needsMysql(flavour: Flavour, context: Context): void {
  if (serverPrograms(flavour) !== null) return;
  if (process.env.CI) throw new Error(howToEnable[flavour]);
  process.stderr.write(`skipped: ${howToEnable[flavour]}\n`);
  context.skip();
}

const host = '127.0.0.1';
const user = 'admin';
const password = 'adm:n "p4ssw\\rd\' ü$';

const memory = '/dev/shm';
const enough = 4 * 1024 ** 3;

/** In memory where there is enough: a statement that changes a definition waits for the disk several times. */
function room(): string {
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > enough ? memory : tmpdir();
}

export async function startMysql({ flavour, args = [], large = false }: TestMysqlOptions): Promise<TestMysql> {
  const programs = serverPrograms(flavour);
  if (!programs) throw new Error(howToEnable[flavour]);
  const folder = mkdtempSync(join(large ? tmpdir() : room(), `holdfast-${flavour}-`));
  const home = join(folder, 'home');
  mkdirSync(home);
  chmodSync(folder, 0o755);
  if (isRoot()) chownSync(home, 65_534, 65_534);
  const data = join(home, 'data');
  programs.initialise(data);
  const first = join(folder, 'first.sql');
  const quoted = `'${password.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  writeFileSync(
    first,
    `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY ${quoted};\nGRANT ALL ON *.* TO '${user}'@'%' WITH GRANT OPTION;\n`,
    { mode: 0o644 },
  );
  const port = await freePort();
  const options = [
    `--datadir=${data}`,
    `--port=${port}`,
    `--bind-address=${host}`,
    `--socket=${join(home, 's')}`,
    `--pid-file=${join(home, 'pid')}`,
    `--init-file=${first}`,
    '--max-allowed-packet=256M',
    '--character-set-server=utf8mb4',
    ...args,
  ];
  const connect: TestMysql['connect'] = (database, given = { user, password }) =>
    createConnection({
      host,
      port,
      ...given,
      ...(database !== undefined && { database }),
      ssl: { rejectUnauthorized: false },
    }).catch(() => createConnection({ host, port, ...given, ...(database !== undefined && { database }) }));
  let server = await up(programs.serve(options), connect);
  releaseAtEnd(async () => {
    await end(server, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    flavour,
    host,
    port,
    user,
    password,
    get pid() {
      return server.pid ?? 0;
    },
    connect,
    query: async (...statements) => {
      const client = await connect();
      try {
        let rows: Record<string, unknown>[] = [];
        for (const statement of statements) {
          const [result] = await client.query(statement);
          rows = Array.isArray(result) ? (result as Record<string, unknown>[]) : [];
        }
        return rows;
      } finally {
        await client.end();
      }
    },
    stop: () => end(server, 'SIGTERM'),
    kill: () => end(server, 'SIGKILL'),
    restart: async () => {
      await end(server, 'SIGTERM');
      server = await up(programs.serve(options), connect);
    },
  };
}

async function up(server: ChildProcess, connect: TestMysql['connect']): Promise<ChildProcess> {
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-3000);
    });
  }
  const endToo = (): void => {
    server.kill('SIGKILL');
  };
  process.once('exit', endToo);
  server.once('exit', () => process.removeListener('exit', endToo));
  for (;;) {
    const client = await connect().catch(() => null);
    if (client) {
      await client.end();
      return server;
    }
    if (server.exitCode !== null || server.signalCode !== null) throw new Error(`The server did not start: ${output}`);
    await delay(20);
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
  });
  server.kill(signal);
  await exited;
}

const shared = new Map<Flavour, Promise<TestMysql>>();

/** One server of each flavour for all tests of the run that need no server of their own. */
export function sharedMysql(flavour: Flavour): Promise<TestMysql> {
  const started = shared.get(flavour) ?? startMysql({ flavour });
  shared.set(flavour, started);
  return started;
}
