import { spawn, type ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { HoldfastError, type Secret } from '@holdfast/shared/domain';
import { inSpan } from '@holdfast/shared/observability';
import { ProgramOutput } from './output.ts';
import { forget, remember, signalGroup } from './running.ts';
import { Tail } from './tail.ts';

/** What every program is given. */
export const baseEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C', LC_ALL: 'C' } as const;

/** How a program ended. */
export interface ProgramEnd {
  /** Null when a signal ended it or it never started. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  startError: NodeJS.ErrnoException | null;
  /** The last of what it wrote to standard error, without secrets. */
  stderr: string;
  /** Bytes that it wrote to standard output. */
  outputBytes: number;
}

export interface ProgramOptions {
  /** Path of the program; it is started without a shell. */
  program: string;
  args: readonly string[];
  /** All of its environment beside PATH and the locale: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** What must not appear in `ProgramEnd.stderr`. */
  secrets: readonly Secret[];
  /** Ends the program: SIGTERM, and SIGKILL after the grace. */
  signal: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs?: number;
  /** Says what is wrong with an end, or null when it is a success. */
  judge: (end: ProgramEnd) => HoldfastError | null;
}

export interface Program {
  /** Null when it could not be started. */
  pid: number | null;
  stdin: Writable;
  /** Ends only after the judge accepted the program's end; anything else destroys it with what the judge said. */
  stdout: Readable;
  /** Resolves with the first byte of its output; never when there is none. */
  begun: Promise<void>;
  /** Resolves when it and its streams have ended, with what the judge said, or the signal's reason. Never rejects. */
  ended: Promise<{ end: ProgramEnd; error: unknown }>;
  /** Ends it: SIGTERM, and SIGKILL after the grace. */
  terminate(): void;
}

/**
 * Starts a program in a process group of its own, so that what it starts ends with it.
 * @throws the signal's reason when it is aborted already
 */
export function startProgram(options: ProgramOptions): Program {
  const { program, args, env, secrets, signal, graceMs = 5000, judge } = options;
  signal.throwIfAborted();
  const child = spawn(program, args, { cwd: '/', env: { ...baseEnvironment, ...env }, detached: true, stdio: 'pipe' });
  const pid = child.pid ?? null;
  if (pid !== null) remember({ pid, program });

  const tail = new Tail(secrets);
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));
  child.stderr.on('error', () => undefined);
  // A program that ends early breaks its standard input; why it ended is told by its end, not by the pipe.
  child.stdin.on('error', () => undefined);

  const terminate = terminator(child, graceMs);
  const stdout = new ProgramOutput(child.stdout, terminate);
  const onAbort = (): void => {
    terminate();
    stdout.fail(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });

  const ended = new Promise<{ end: ProgramEnd; error: unknown }>((resolve) => {
    let startError: NodeJS.ErrnoException | null = null;
    child.once('error', (error) => {
      startError ??= error;
    });
    child.once('exit', (code) => {
      // What a failed program started may hold its output open for ever.
      if (code !== 0 && pid !== null) signalGroup(pid, 'SIGKILL');
      if (code !== 0) stdout.stopReading();
    });
    child.once('close', (code, endSignal) => {
      signal.removeEventListener('abort', onAbort);
      if (pid !== null) forget(pid);
      const end: ProgramEnd = {
        code: startError ? null : code,
        signal: endSignal,
        startError,
        stderr: tail.text(),
        outputBytes: stdout.bytes,
      };
      const error: unknown = signal.aborted ? signal.reason : judge(end);
      if (error === null) stdout.finish();
      else stdout.fail(error);
      resolve({ end, error });
    });
  });
  // Its name and how it ended, never its arguments.
  void inSpan({ name: basename(program) }, async (span) => {
    const { end, error } = await ended;
    span.set({ 'process.exit.code': end.code ?? -1, 'holdfast.output_bytes': end.outputBytes });
    if (error !== null) span.fail(error instanceof HoldfastError ? error.code : 'ended');
  });
  return { pid, stdin: child.stdin, stdout, begun: stdout.begun, ended, terminate };
}

function terminator(child: ChildProcess, graceMs: number): () => void {
  let begun = false;
  return () => {
    const { pid } = child;
    if (begun || pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    begun = true;
    signalGroup(pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
    child.once('exit', () => clearTimeout(timer));
  };
}
