import { spawn } from 'node:child_process';
import type { Secret } from '@holdfast/shared/domain';
import { baseEnvironment } from './program.ts';
import { forget, remember, signalGroup } from './running.ts';
import { Tail } from './tail.ts';

/** How long the output of what escaped its group is waited for, after everything in the group was ended. */
const lastOutputMs = 1000;

export interface CommandOptions {
  /** Path of the program; it is started without a shell. */
  program: string;
  args: readonly string[];
  /** All of its environment beside PATH and the locale: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** What must not appear in its output. */
  secrets: readonly Secret[];
  /** Ends it and all that it started: SIGTERM, and SIGKILL after the grace. */
  signal: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs?: number;
}

export interface CommandEnd {
  /** Null when a signal ended it or it never started. */
  code: number | null;
  signal: NodeJS.Signals | null;
  startError: NodeJS.ErrnoException | null;
  /** The last of what it wrote to its standard output, and then to its standard error, without secrets. */
  output: string;
}

/**
 * Runs a program of which only its end counts, in a process group of its own; when it ends, whatever it started in the group
 * ends too. It reads nothing, and may write as much as it likes. Never rejects.
 */
export async function runCommand(options: CommandOptions): Promise<CommandEnd> {
  const { program, args, env, secrets, signal, graceMs = 2000 } = options;
  if (signal.aborted) return { code: null, signal: 'SIGTERM', startError: null, output: '' };
  const child = spawn(program, args, {
    cwd: '/',
    env: { ...baseEnvironment, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid !== undefined) remember({ pid, program });
  // Each by itself: what came between the halves of a secret would hide it from the redaction.
  const tails = [child.stdout, child.stderr].map((output) => {
    const tail = new Tail(secrets);
    output.on('data', (chunk: Buffer) => tail.add(chunk));
    output.on('error', () => undefined);
    return tail;
  });

  const end = (name: NodeJS.Signals): void => {
    if (pid !== undefined) signalGroup(pid, name);
  };
  let killing: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    end('SIGTERM');
    killing = setTimeout(end, graceMs, 'SIGKILL');
  };
  signal.addEventListener('abort', onAbort, { once: true });

  return await new Promise((resolve) => {
    let startError: NodeJS.ErrnoException | null = null;
    let closing: NodeJS.Timeout | undefined;
    child.once('error', (error) => {
      startError = error;
    });
    child.once('exit', () => {
      clearTimeout(killing);
      signal.removeEventListener('abort', onAbort);
      end('SIGKILL');
      closing = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, lastOutputMs);
    });
    child.once('close', (code, endSignal) => {
      clearTimeout(closing);
      signal.removeEventListener('abort', onAbort);
      if (pid !== undefined) forget(pid);
      const parts = tails.map((tail) => tail.text()).filter((text) => text !== '');
      resolve({ code: startError ? null : code, signal: endSignal, startError, output: parts.join('\n') });
    });
  });
}
