import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '@holdfast/embedded';
import type { ServiceName } from '@holdfast/shared/domain';
import { releaseAtEnd } from '../resources.ts';
import { imageProcess } from './image.ts';
import { until } from '../until.ts';

export type { ServiceName };

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A service in a process of its own, as in production. */
export interface Service {
  name: ServiceName;
  pid: number;
  /** Of its HTTP API, or of its health server. */
  url: string;
  /** Sends a signal (SIGTERM unless told) and waits until the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** SIGKILL: the process learns nothing of it. */
  kill(): Promise<Exit>;
  /** Sends a signal that does not end it, such as SIGSTOP. */
  send(signal: NodeJS.Signals): void;
  /** All that it printed so far. */
  output(): string;
  exited: Promise<Exit>;
}

export interface Readiness {
  status: number;
  state: 'starting' | 'running' | 'stopping';
  checks: Record<string, 'ok' | 'failed'>;
}

const root = join(import.meta.dirname, '../../../..');
const host = '127.0.0.1';

/** Ended with the test run, however that ends. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/**
 * Starts a service and waits until it runs (its start waits for nothing any more), or merely until its probes answer.
 * @param env the whole environment of the process, but for PATH and the ports
 * @throws Error with what it printed, when it ends instead
 */
export async function startService(
  name: ServiceName,
  env: Record<string, string>,
  awaited: 'running' | 'answering' = 'running',
): Promise<Service> {
  const port = await freePort();
  const { parameters, env: imageEnvironment } = imageProcess(name);
  const { child, output, exited } = launch(parameters, {
    ...imageEnvironment,
    ...env,
    HOLDFAST_HOST: host,
    [name === 'api' ? 'HOLDFAST_PORT' : 'HOLDFAST_HEALTH_PORT']: String(port),
  });
  const url = `http://${host}:${port}`;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> => {
    child.kill(signal);
    return await exited;
  };
  const kill = (): Promise<Exit> => stop('SIGKILL');
  releaseAtEnd(async () => {
    await kill();
  });
  await until(`the ${name} to answer`, 60, async () => {
    if (child.exitCode !== null) throw new Error(`The ${name} ended at its start:\n${output()}`);
    const state = await probe(url).then(
      (answer) => answer.state,
      () => null,
    );
    return awaited === 'running' ? state === 'running' : state !== null;
  });
  const send = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  return { name, pid: child.pid ?? 0, url, stop, kill, send, output, exited };
}

/** What a service says of itself by `/readyz`. @throws Error when it does not answer */
export async function probe(url: string): Promise<Readiness> {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, ...((await answer.json()) as Omit<Readiness, 'status'>) };
}

/**
 * Runs one of the project's programs to its end.
 * @returns what it wrote to standard output
 * @throws Error with all that it printed, when it does not exit 0
 */
export async function runProgram(file: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  const { child, output, exited } = launch([file, ...args], env);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const { code } = await exited;
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} exited with ${code}:\n${output()}`);
  return printed;
}

/** What has programs of ours started fast, for those that a test gives an environment of its own. */
export const compileCache = (): Record<string, string> => {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
};

/** Starts a program of ours that ends with the test run. @param env but for PATH */
export function launch(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], ...compileCache(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      printed += error.message;
      resolve({ code: -1, signal: null });
    });
    child.once('close', (code, signal) => {
      children.delete(child);
      resolve({ code, signal });
    });
  });
  return { child, exited, output: () => printed };
}
