import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, isRoot, unprivileged } from '@holdfast/embedded';
import type { Context } from 'mocha';
import type { TestPostgres } from '../postgres/index.ts';
import { releaseAtEnd } from '../resources.ts';
import { until } from '../until.ts';

export const poolModes = ['session', 'transaction', 'statement'] as const;
export type PoolMode = (typeof poolModes)[number];

export interface TestPgBouncer {
  host: string;
  port: number;
}

// Debian installs it where only root's search path leads.
const path = [process.env.PATH ?? '', '/usr/sbin'].join(delimiter);

/** Skips the tests of a hook's suite when there is no PgBouncer to run; in CI nothing is skipped, so it fails there. */
export function needsPgBouncer(context: Context): void {
  if (spawnSync('pgbouncer', ['--version'], { env: { PATH: path } }).status === 0) return;
  const howToEnable = 'pgbouncer is not on PATH; to run these tests: apt-get install pgbouncer';
  if (process.env.CI) throw new Error(howToEnable);
  process.stderr.write(`skipped: ${howToEnable}\n`);
  context.skip();
}

/** A real pooler before all databases of a server, on a free port of loopback. */
export async function startPgBouncer(server: TestPostgres, mode: PoolMode, poolSize = 20): Promise<TestPgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-pgbouncer-'));
  const port = await freePort();
  const users = join(folder, 'users');
  const config = join(folder, 'pgbouncer.ini');
  writeFileSync(users, `"${server.user}" "${server.password}"\n`);
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    pool_mode: mode,
    default_pool_size: poolSize,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(config, `[databases]\n* = host=${server.host} port=${server.port}\n[pgbouncer]\n${lines.join('')}`);
  chmodSync(folder, 0o700);
  if (isRoot()) for (const file of [folder, users, config]) chownSync(file, unprivileged.uid, unprivileged.gid);
  const identity = isRoot() ? unprivileged : {};
  const pooler = spawn('pgbouncer', [config], { cwd: '/', env: { PATH: path }, stdio: 'ignore', ...identity });
  releaseAtEnd(async () => {
    await end(pooler);
    rmSync(folder, { recursive: true, force: true });
  });
  await until('PgBouncer listens', 10, () => answers(port));
  return { host: '127.0.0.1', port };
}

async function end(pooler: ChildProcess): Promise<void> {
  if (pooler.exitCode !== null || pooler.signalCode !== null) return;
  const exited = once(pooler, 'exit');
  pooler.kill('SIGKILL');
  await exited;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
