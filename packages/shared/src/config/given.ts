import { readFileSync } from 'node:fs';

/**
 * Takes the values of the named settings out of an environment; an empty one counts as not given.
 * @param secret may also be given as `NAME_FILE`, the path of a file with the value
 * @param problems gets a sentence for what cannot be read
 */
export function readGiven(
  environment: NodeJS.ProcessEnv,
  names: readonly string[],
  secret: readonly string[],
  problems: string[],
): Record<string, string> {
  const given: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined && value !== '') given[name] = value;
  }
  for (const name of secret) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (given[name] !== undefined) problems.push(`${name} and ${name}_FILE are both set: keep one of them.`);
    try {
      given[name] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE cannot be read: ${(error as Error).message}.`);
    }
  }
  return given;
}
