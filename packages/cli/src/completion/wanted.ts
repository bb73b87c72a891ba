import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Choice } from '../connection/choose.ts';
import type { Globals } from '../context.ts';

const namedKinds = ['database', 'destination', 'channel', 'policy', 'server'] as const;
/** What the service has by name. */
export type NamedKind = (typeof namedKinds)[number];

/** Arguments and options that want a name and are not called by its kind. */
const otherwiseCalled: Readonly<Record<string, NamedKind>> = { which: 'database', scratch: 'database' };
/** The options that name something which is there; `--database` is a name on somebody's server. */
const namingOptions = ['destination', 'server', 'scratch'];

const kindOf = (argument: string): NamedKind | undefined =>
  namedKinds.find((kind) => kind === argument) ?? otherwiseCalled[argument];

export interface Wanted {
  kind: NamedKind;
  /** Which service is meant, as far as the words say. */
  choice: Choice;
}

/**
 * What the last of the words, which is being typed, is to name.
 * @param words without the program's own name
 * @returns null where that is no name of something that there is
 */
export function wantedAt(commands: readonly Commands[], words: readonly string[]): Wanted | null {
  const typed = words.at(-1) ?? '';
  if (typed.startsWith('-')) return null;
  const { plain, choice, before } = readWords(words.slice(0, -1));
  if (before !== null) {
    const option = namingOptions.find((name) => name === before);
    const kind = option && kindOf(option);
    return kind ? { kind, choice } : null;
  }
  const argument = argumentAfter(commands, plain);
  const kind = argument === null ? undefined : kindOf(argument);
  return kind ? { kind, choice } : null;
}

/** @returns the words that are no options; `before` is the option that waits for its value, of those known here */
function readWords(words: readonly string[]): { plain: string[]; choice: Choice; before: string | null } {
  const plain: string[] = [];
  const choice: Choice = {};
  let before: string | null = null;
  for (const word of words) {
    if (before !== null) {
      if (before === 'profile' || before === 'url') choice[before] = word;
      before = null;
    } else if (!word.startsWith('-')) plain.push(word);
    else {
      const [name = '', ...value] = word.replace(/^-+/, '').split('=');
      const takesValue = name === 'profile' || name === 'url' || namingOptions.includes(name);
      if (takesValue && value.length === 0) before = name;
      else if (name === 'profile' || name === 'url') choice[name] = value.join('=');
    }
  }
  return { plain, choice, before };
}

/** The argument that comes next, by its name in the definition of the longest command that the words begin with. */
function argumentAfter(commands: readonly Commands[], words: readonly string[]): string | null {
  const defined = definedBy(commands)
    .filter(({ path }) => path.every((word, index) => word === words[index]))
    .toSorted((one, other) => other.path.length - one.path.length)[0];
  return defined?.args[words.length - defined.path.length] ?? null;
}

interface Defined {
  path: readonly string[];
  /** Names of its arguments in their order. */
  args: readonly string[];
}

/** All commands, taken from their own definitions. */
function definedBy(commands: readonly Commands[]): Defined[] {
  const found: Defined[] = [];
  const recorder = (path: readonly string[]): Argv<Globals> => {
    const record = (specs: unknown, _words: unknown, builder: unknown): unknown => {
      for (const spec of [specs].flat()) {
        const [name = '', ...args] = String(spec).split(' ');
        if (name === '$0') continue;
        found.push({ path: [...path, name], args: args.map((each) => each.replaceAll(/[<>[\].]/g, '')) });
        if (typeof builder === 'function') builder(recorder([...path, name]));
      }
      return program;
    };
    const ignore = (): unknown => program;
    const program: object = new Proxy({}, { get: (_target, method) => (method === 'command' ? record : ignore) });
    return program as Argv<Globals>;
  };
  const run = () => () => Promise.resolve();
  for (const add of commands) add(recorder([]), run);
  return found;
}
