import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Secret } from '@holdfast/shared/domain';
import { freePort } from './free-port.ts';
import { isRoot, nativeFolder, unprivileged } from './native.ts';

const run = promisify(execFile);

export interface EmbeddedOptions {
  /** Holds the cluster, its password and its log; made when absent. Must be reachable for "nobody" when run by root. */
  dataDir: string;
  /** An npm package with another major of PostgreSQL. */
  packageName?: string | undefined;
  /** Databases to create together with the cluster. */
  databases?: readonly string[] | undefined;
  /** A free one when absent. */
  port?: number | undefined;
  /** Server settings, such as `{ fsync: 'off' }` for tests. */
  settings?: Readonly<Record<string, string>> | undefined;
}

/** A PostgreSQL server that belongs to this process and listens on loopback only. */
export interface EmbeddedPostgres {
  host: string;
  port: number;
  user: string;
  password: Secret;
  pid: number;
  url(database: string): string;
  /** Rolls back what runs and ends the server ("fast" shutdown). */
  stop(): Promise<void>;
  /** Ends the server as a crash would ("immediate" shutdown). */
  crash(): Promise<void>;
}

const user = 'postgres';
const host = '127.0.0.1';

/** Creates the cluster when there is none, and starts the server. */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const native = nativeFolder(options.packageName);
  const cluster = join(options.dataDir, 'cluster');
  const passwordFile = join(options.dataDir, 'password');
  if (!existsSync(join(cluster, 'PG_VERSION'))) await createCluster(native, options, cluster, passwordFile);
  else await stopLeftOver(cluster);
  const password = new Secret(readFileSync(passwordFile, 'utf8').trim());

  const port = options.port ?? (await freePort());
  const logFile = join(options.dataDir, 'server.log');
  const server = spawnServer(native, cluster, port, logFile, options.settings ?? {});
  const exited = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
  });
  await untilReady(server, cluster, logFile);

  const end = (signal: NodeJS.Signals) => async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) server.kill(signal);
    await exited;
  };
  return {
    host,
    port,
    user,
    password,
    pid: server.pid ?? 0,
    url: (database) => `postgres://${user}:${password.reveal()}@${host}:${port}/${encodeURIComponent(database)}`,
    stop: end('SIGINT'),
    crash: end('SIGQUIT'),
  };
}

async function createCluster(
  native: string,
  { dataDir, databases = [] }: EmbeddedOptions,
  cluster: string,
  passwordFile: string,
): Promise<void> {
  rmSync(cluster, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (isRoot()) {
    mkdirSync(cluster, { mode: 0o700 });
    for (const path of [passwordFile, cluster]) chownSync(path, unprivileged.uid, unprivileged.gid);
  }
  const identity = isRoot() ? unprivileged : {};
  const environment = { env: { LANG: 'C.UTF-8' }, cwd: '/', ...identity };
  await run(
    join(native, 'bin/initdb'),
    [
      `--pgdata=${cluster}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ],
    environment,
  );
  for (const name of databases) {
    const single = run(join(native, 'bin/postgres'), ['--single', '-D', cluster, 'postgres'], environment);
    single.child.stdin?.end(`create database "${name.replaceAll('"', '""')}"\n`);
    await single;
  }
}

function spawnServer(
  native: string,
  cluster: string,
  port: number,
  logFile: string,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const all: Record<string, string> = {
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    ...settings,
  };
  const log = openSync(logFile, 'a', 0o600);
  const server = spawn(
    join(native, 'bin/postgres'),
    ['-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: '/',
      env: { LANG: 'C.UTF-8' },
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C in a terminal must not end the server before those who still have to write to it.
      detached: true,
      ...(isRoot() ? unprivileged : {}),
    },
  );
  closeSync(log);
  const endToo = (): void => {
    server.kill('SIGINT');
  };
  process.once('exit', endToo);
  server.once('exit', () => process.removeListener('exit', endToo));
  return server;
}

async function untilReady(server: ChildProcess, cluster: string, logFile: string): Promise<void> {
  let failed: Error | null = null;
  server.once('error', (error) => {
    failed = error;
  });
  for (;;) {
    if (failed || server.exitCode !== null || server.signalCode !== null) {
      const tail = readFileSync(logFile, 'utf8').slice(-2000);
      throw new Error(`The embedded PostgreSQL did not start:\n${tail}`, { cause: failed ?? undefined });
    }
    if (isReady(server, cluster)) return;
    await delay(20);
  }
}

/** What `pg_ctl --wait` looks at: the eighth line of the server's pid file says whether it lets anybody in. */
function isReady(server: ChildProcess, cluster: string): boolean {
  const pidFile = join(cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return false;
  const lines = readFileSync(pidFile, 'utf8').split('\n');
  return Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready';
}

/** A server whose parent was killed still holds the cluster: end it before the next one starts. */
async function stopLeftOver(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!holdsCluster(pid, cluster)) return;
  process.kill(pid, 'SIGINT');
  while (existsSync(pidFile) && holdsCluster(pid, cluster)) await delay(50);
}

function holdsCluster(pid: number, cluster: string): boolean {
  try {
    process.kill(pid, 0);
    const commandLine = `/proc/${pid}/cmdline`;
    return !existsSync(commandLine) || readFileSync(commandLine, 'utf8').split('\0').includes(cluster);
  } catch {
    return false;
  }
}
