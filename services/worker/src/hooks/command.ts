import { constants, type Stats } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '@holdfast/engines/process';
import {
  hookCommandName,
  HoldfastError,
  type CommandHook,
  type HookEnd,
  type HookFacts,
  type Secret,
} from '@holdfast/shared/domain';

const others = constants.S_IWGRP | constants.S_IWOTH;

/**
 * Where a hook's program lies, when it may be run: an executable file, no link, directly in the operator's folder; and both are
 * such that nobody but root and this worker's own user can have changed them.
 * @param folder null where the operator allows none
 * @throws HoldfastError configuration
 */
async function programOf(folder: string | null, { command }: CommandHook): Promise<string> {
  if (folder === null) {
    throw refused(`The hook "${command}" is a command, and this worker runs none: the operator sets HOLDFAST_HOOKS.`);
  }
  if (!hookCommandName.test(command)) throw refused(`"${command}" is no name of a command.`);
  const program = join(folder, command);
  await requireOurs(folder, `The folder of hooks`, (found) => found.isDirectory());
  await requireOurs(program, `The hook "${command}"`, (found) => found.isFile());
  await access(program, constants.X_OK).catch((error: unknown) => {
    throw refused(`The hook "${command}" is not executable.`, error);
  });
  return program;
}

async function requireOurs(path: string, what: string, isKind: (found: Stats) => boolean): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    throw refused(`${what} does not exist on this worker: the operator puts it in HOLDFAST_HOOKS.`, error);
  });
  if (!isKind(found)) throw refused(`${what} is not what it should be: a link is never followed.`);
  if (found.uid !== 0 && found.uid !== process.getuid?.()) {
    throw refused(`${what} belongs neither to root nor to the user of the worker.`);
  }
  if ((found.mode & others) !== 0) throw refused(`${what} can be changed by others: take that right away.`);
}

const refused = (message: string, cause?: unknown): HoldfastError =>
  new HoldfastError('configuration', message, { cause });

/** Runs a hook's program to its end. @throws HoldfastError configuration, when it may not be run */
export async function runCommandHook(
  hook: CommandHook,
  facts: HookFacts,
  options: { folder: string | null; secrets: readonly Secret[]; signal: AbortSignal },
): Promise<Omit<HookEnd, 'outcome' | 'httpStatus'>> {
  const { folder, secrets, signal } = options;
  const program = await programOf(folder, hook);
  const {
    code,
    signal: ended,
    startError,
    output,
  } = await runCommand({
    program,
    args: hook.arguments,
    env: environmentOf(facts),
    secrets,
    signal,
  });
  const problem = startError
    ? `could not be started: ${startError.code ?? 'unknown'}`
    : ended !== null
      ? `was ended by ${ended}`
      : code === 0
        ? null
        : `exited with ${code}`;
  return { exitCode: code, problem, output };
}

function environmentOf({ hook, backupId, databaseId, database, attempt, result }: HookFacts): Record<string, string> {
  return {
    HOLDFAST_HOOK: hook,
    HOLDFAST_BACKUP_ID: backupId,
    HOLDFAST_DATABASE_ID: databaseId,
    HOLDFAST_DATABASE: database,
    HOLDFAST_ATTEMPT: String(attempt),
    ...(result ? { HOLDFAST_STATUS: result.status } : {}),
    ...(result?.errorCode ? { HOLDFAST_ERROR_CODE: result.errorCode } : {}),
  };
}
