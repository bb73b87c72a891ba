import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:net';
import { freePort } from '@holdfast/embedded';
import type { Context } from 'mocha';
import { releaseAtEnd } from '../resources.ts';

export interface TestRedis {
  url: string;
  port: number;
  readonly pid: number;
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port. Nothing was kept: it comes back empty. */
  restart(): Promise<void>;
}

export interface TestRedisOptions {
  password?: string;
  /** Another program than the `redis-server` on PATH, such as a Valkey server. */
  program?: string;
  /** Further lines of its configuration. */
  settings?: readonly string[];
}

function redisProgram(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'redis-server');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** Whether `redis-server` is on PATH. */
export function redisAvailable(): boolean {
  return redisProgram() !== null;
}

const howToEnable = 'redis-server is not on PATH; to run these tests: apt-get install redis-server';

/** Skips the tests of a hook's suite when there is no Redis server to run; in CI nothing is skipped, so it fails there. */
export function needsRedis(context: Context): void {
  if (redisAvailable()) return;
  if (process.env.CI) throw new Error(howToEnable);
  process.stderr.write(`skipped: ${howToEnable}\n`);
  context.skip();
}

/** A real server of the test's own on a free port of loopback, that keeps nothing on disk. */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const program = options.program ?? redisProgram();
  if (!program) throw new Error(howToEnable);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-'));
  const port = await freePort();
  let server = await start(program, folder, port, options);
  releaseAtEnd(async () => {
    await end(server, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const login = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  return {
    url: `redis://${login}127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid ?? 0;
    },
    stop: () => end(server, 'SIGTERM'),
    kill: () => end(server, 'SIGKILL'),
    restart: async () => {
      await end(server, 'SIGTERM');
      server = await start(program, folder, port, options);
    },
  };
}

async function start(
  program: string,
  folder: string,
  port: number,
  { password, settings: more = [] }: TestRedisOptions,
): Promise<ChildProcess> {
  const settings = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, 'save ""', 'appendonly no', ...more];
  if (password !== undefined) settings.push(`requirepass ${password}`);
  // The settings go in by stdin: a password in the arguments would be there for all to see.
  const server = spawn(program, ['-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2000);
    });
  }
  server.stdin.end(`${settings.join('\n')}\n`);
  while (!(await answers(port))) {
    if (server.exitCode !== null || server.signalCode !== null)
      throw new Error(`redis-server did not start: ${output}`);
    await delay(20);
  }
  return server;
}

/** Any reply will do: a server with a password refuses the PING, and is up. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (up: boolean) => () => {
      socket.destroy();
      resolve(up);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', answer(true));
    socket.once('error', answer(false));
    socket.once('close', answer(false));
  });
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
  });
  server.kill(signal);
  await exited;
}
