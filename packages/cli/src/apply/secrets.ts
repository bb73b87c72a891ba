import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../exits.ts';
import { fromEnvironment, fromFile } from '../secrets.ts';
import type { Declared } from './declare.ts';
import type { Secrets } from './perform.ts';
import type { Plan } from './plan.ts';
import type { ReadFile } from './read.ts';

/**
 * Reads the secrets of everything that a plan makes or changes.
 * @param folder that relative paths begin at
 * @throws CliError usage, which names all that are missing and where the file asks for them
 */
export async function readSecrets(
  context: Context,
  { steps }: Plan,
  { at }: ReadFile,
  folder: string,
): Promise<Secrets> {
  const found = new Map<Declared, Record<string, string>>();
  const problems: string[] = [];
  for (const step of steps) {
    if (step.action === 'remove') continue;
    const { declared } = step;
    const values: Record<string, string> = {};
    for (const [field, reference] of Object.entries(declared.secrets)) {
      try {
        values[field] =
          'env' in reference
            ? fromEnvironment(context.surroundings.environment, field, reference.env)
            : await fromFile(field, resolve(folder, reference.file));
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        problems.push(`${at([...declared.path, ...field.split('.')])}: ${error.message}`);
      }
    }
    found.set(declared, values);
  }
  if (problems.length > 0) throw usageError(problems.join('\n'));
  return found;
}
