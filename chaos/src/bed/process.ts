import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  }
});

export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  child: ChildProcess;
  pid: number;
  ended: Promise<End>;
}

export interface ProcessOptions {
  args: readonly string[];
  /** But for PATH. */
  env: Record<string, string>;
  /** Standard error, and standard output too unless it is read. */
  logFile: string;
  /** Standard input and output are pipes. */
  piped?: boolean;
}

/** Starts a program of ours under the same Node.js. It ends with this process, however this ends. */
export function startProcess({ args, env, logFile, piped = false }: ProcessOptions): RunningProcess {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: piped ? ['pipe', 'pipe', log] : ['ignore', log, log],
  });
  closeSync(log);
  running.add(child);
  const ended = new Promise<End>((resolve) => {
    const end = (found: End): void => {
      running.delete(child);
      resolve(found);
    };
    child.once('error', () => end({ code: -1, signal: null }));
    child.once('exit', (code, signal) => end({ code, signal }));
  });
  return { child, pid: child.pid ?? 0, ended };
}
