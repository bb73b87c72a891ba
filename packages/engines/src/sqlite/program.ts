import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, type ErrorCode, type Tool } from '@holdfast/shared/domain';
import { startProgram, type Program, type ProgramEnd } from '../process/index.ts';
import { exitCodes, type ChildCode } from './child/failures.ts';
import type { Commands } from './child/contract.ts';

/** SQLite as it is built into Node. */
export const library: Tool = { name: 'sqlite', version: process.versions.sqlite ?? '' };

export const ownProgram = fileURLToPath(new URL('child/main.ts', import.meta.url));

/** What an engine of SQLite works with. */
export interface SqliteTools {
  /** Our program that works with databases. */
  program: string;
  lockTimeoutMs: number;
  /** The folder for temporary copies. */
  temporary: string;
}

/** What a failure is when the program does not say. */
export interface Failing {
  failed: ErrorCode;
  killed: ErrorCode;
  /** What a database that is no whole one means. */
  broken: ErrorCode;
  /** Begins the sentence: the path. */
  about: string;
}

export const dumping = (about: string): Failing => ({
  failed: 'dump_failed',
  killed: 'dump_killed',
  broken: 'dump_failed',
  about,
});
export const restoring = (about: string): Failing => ({
  failed: 'restore_failed',
  killed: 'restore_killed',
  broken: 'integrity',
  about,
});

/** @param onSuccess may still find fault with an end that is a success */
export function startSqlite<Command extends keyof Commands>(
  program: string,
  [command, given]: readonly [Command, Commands[Command]],
  {
    failing,
    signal,
    onSuccess = () => null,
  }: {
    failing: Failing;
    signal: AbortSignal;
    onSuccess?: (end: ProgramEnd) => HoldfastError | null;
  },
): Program {
  return startProgram({
    program: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', program, command, JSON.stringify(given)],
    env: { SQLITE_TMPDIR: tmpdir() },
    secrets: [],
    signal,
    judge: (end) => judge(end, failing) ?? onSuccess(end),
  });
}

/** Runs it to its end. @returns its answer */
export async function askSqlite<Command extends keyof Commands, Answer>(
  program: string,
  command: readonly [Command, Commands[Command]],
  options: { failing: Failing; signal: AbortSignal },
): Promise<Answer> {
  const { stdin, stdout } = startSqlite(program, command, options);
  stdin.end();
  const text = (await buffer(stdout)).toString();
  return (text === '' ? null : JSON.parse(text)) as Answer;
}

const codes: Record<ChildCode, (failing: Failing) => ErrorCode> = {
  lock_timeout: () => 'lock_timeout',
  integrity: ({ broken }) => broken,
  privilege_missing: () => 'privilege_missing',
  no_space: ({ failed }) => failed,
};

function judge({ code, signal, startError, stderr }: ProgramEnd, failing: Failing): HoldfastError | null {
  const { failed, killed, about } = failing;
  if (code === 0) return null;
  if (startError) return new HoldfastError('client_missing', `Node did not start for ${about}: ${startError.message}.`);
  if (signal) return new HoldfastError(killed, `The program that works on ${about} was ended by ${signal}. ${stderr}`);
  const known = (Object.keys(exitCodes) as ChildCode[]).find((one) => exitCodes[one] === code);
  return new HoldfastError(known ? codes[known](failing) : failed, `${about}: ${stderr || `exit code ${code}`}`);
}
