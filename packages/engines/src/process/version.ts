import { buffer } from 'node:stream/consumers';
import { HoldfastError, type ErrorCode } from '@holdfast/shared/domain';
import { startProgram } from './program.ts';

const askSeconds = 10;

export interface VersionQuestion {
  /** What people call the program. */
  name: string;
  path: string;
  /** Finds the version in the program's answer, as its first group; no program of that kind answers otherwise. */
  pattern: RegExp;
  /** The code of an end by a signal. */
  killed: ErrorCode;
}

/**
 * Asks a program by `--version`.
 * @returns null for a program that is none of those that were meant; an error when it was ended before it could answer
 */
export async function askVersion(
  { name, path, pattern, killed }: VersionQuestion,
  signal: AbortSignal,
): Promise<string | HoldfastError | null> {
  const limit = AbortSignal.timeout(askSeconds * 1000);
  const program = startProgram({
    program: path,
    args: ['--version'],
    env: {},
    secrets: [],
    signal: AbortSignal.any([signal, limit]),
    judge: ({ code, signal: ending }) => {
      if (code === 0) return null;
      if (ending === null) return new HoldfastError('client_missing');
      return new HoldfastError(killed, `${name} was ended by ${ending} before it told its version.`);
    },
  });
  program.stdin.end();
  try {
    const answer = await buffer(program.stdout);
    return pattern.exec(answer.toString('utf8'))?.[1] ?? null;
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return new HoldfastError('timed_out', `${name} did not tell its version in ${askSeconds} s.`);
    return error instanceof HoldfastError && error.code !== 'client_missing' ? error : null;
  }
}
