import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Context } from './context.ts';
import { usageError } from './exits.ts';

/** Where a secret comes from. Never from an argument, which everybody on the machine can read. */
export interface SecretSource {
  env?: string | undefined;
  file?: string | undefined;
  stdin?: boolean | undefined;
}

/**
 * @param what names it in messages, such as "password"
 * @returns null when no source is given
 * @throws CliError usage, when the source has nothing, or two are given
 */
export async function readSecret(
  context: Context,
  what: string,
  { env, file, stdin }: SecretSource,
): Promise<string | null> {
  const given = [env !== undefined, file !== undefined, stdin === true].filter(Boolean).length;
  if (given > 1) throw usageError(`The ${what} is given twice: keep one of the options.`);
  if (env !== undefined) return fromEnvironment(context.surroundings.environment, what, env);
  if (file !== undefined) return required(what, `the file ${file}`, await fromFile(what, file));
  return stdin === true
    ? required(what, 'standard input', withoutLineEnd(await readAll(context.surroundings.input)))
    : null;
}

/** @throws CliError usage */
export function fromEnvironment(environment: NodeJS.ProcessEnv, what: string, name: string): string {
  const value = environment[name];
  if (!value)
    throw usageError(`The ${what} is to come from the environment variable ${name}, which is not set or empty.`);
  return value;
}

/** @throws CliError usage */
export async function fromFile(what: string, path: string): Promise<string> {
  try {
    return withoutLineEnd(await readFile(path, 'utf8'));
  } catch (error) {
    throw usageError(`The ${what} is to come from a file, which cannot be read: ${(error as Error).message}.`);
  }
}

function required(what: string, where: string, value: string): string {
  if (value === '') throw usageError(`The ${what} is to come from ${where}, where there is nothing.`);
  return value;
}

const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, '');
