import { basename } from 'node:path';
import type { HoldfastClient } from '@holdfast/client';
import type { Commands } from '../command.ts';
import { Context, type Surroundings } from '../context.ts';
import { allChannels, allDatabases, allDestinations, allPolicies, allServers } from '../find.ts';
import { wantedAt, type NamedKind } from './wanted.ts';

/** As the script of each shell asks. */
const question = '--get-yargs-completions';
/** Whoever pressed a key does not wait longer. */
const patienceMs = 2000;

const namesOf: Readonly<Record<NamedKind, (client: HoldfastClient) => Promise<string[]>>> = {
  database: async (client) => (await allDatabases(client)).map(({ name }) => name),
  destination: async (client) => (await allDestinations(client)).map(({ label }) => label),
  channel: async (client) => (await allChannels(client)).map(({ name }) => name),
  policy: async (client) => (await allPolicies(client)).map(({ name }) => name),
  server: async (client) => (await allServers(client)).map(({ name }) => name),
};

/**
 * Answers a shell that completes the name of something which the service has. Where it cannot be asked there are no names, and
 * no words of why: these would stand in the middle of what is being typed.
 * @returns false where no such name is being completed
 */
export async function completesName(
  commands: readonly Commands[],
  args: readonly string[],
  surroundings: Surroundings,
): Promise<boolean> {
  const [asked, ...given] = args;
  if (asked !== question) return false;
  const words = basename(given[0] ?? '') === 'holdfast' ? given.slice(1) : given;
  const wanted = wantedAt(commands, words);
  if (!wanted) return false;
  const signal = AbortSignal.any([surroundings.signal, AbortSignal.timeout(patienceMs)]);
  const names = await new Context({ ...surroundings, signal }, wanted.choice)
    .client()
    .then((client) => namesOf[wanted.kind](client))
    .catch(() => []);
  const isZsh = /zsh/.test(surroundings.environment['SHELL'] ?? surroundings.environment['ZSH_NAME'] ?? '');
  for (const name of names.filter(isHarmless)) {
    surroundings.out.write(`${isZsh ? name.replaceAll(':', String.raw`\:`) : name}\n`);
  }
  return true;
}

/** A name that somebody else gave goes into a line that is run next: it holds nothing that a shell does something with. */
const isHarmless = (name: string): boolean => /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.:@/+, -]*$/u.test(name);
