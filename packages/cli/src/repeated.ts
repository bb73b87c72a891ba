import type { Options } from 'yargs';
import { usageError } from './exits.ts';

/** Makes an option one that takes several values: all that stand behind it, each time that it is given. */
export const listOption = <const Spec extends Options & { describe: string }>(spec: Spec) => ({
  ...spec,
  array: true as const,
  describe: `${spec.describe}; may be repeated`,
});

/**
 * Called by yargs with what was given and with what it knows of the options.
 * @throws CliError usage for an option that takes one value and was given several
 */
export function refuseRepeated(
  given: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, unknown>>,
): true {
  const lists = new Set(Array.isArray(known['array']) ? known['array'] : []);
  const repeated = Object.keys(given)
    .filter((name) => name !== '_' && Array.isArray(given[name]) && !lists.has(name))
    // yargs has each by its short name, too.
    .toSorted((one, other) => other.length - one.length)[0];
  if (repeated === undefined) return true;
  const name = repeated.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw usageError(`--${name} takes one value and was given several times: keep the one that is meant.`);
}
