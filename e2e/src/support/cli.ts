import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCache } from '@holdfast/testing/services';

const program = join(import.meta.dirname, '../../../packages/cli/bin/holdfast.mjs');

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export interface Running {
  pid: number;
  /** What it printed so far, both streams. */
  printed: () => string;
  interrupt: () => void;
  /** The arguments as everybody on the machine can read them. */
  seenArguments: () => string;
  ended: Promise<Ended>;
}

/** The command line as somebody without a terminal calls it. @param env the whole environment, but for PATH */
export function startCli(args: readonly string[], env: Record<string, string>, input = ''): Running {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], ...compileCache(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('latin1').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const pid = child.pid ?? 0;
  return {
    pid,
    printed: () => out + err,
    interrupt: () => void child.kill('SIGINT'),
    seenArguments: () => readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err }))),
  };
}
