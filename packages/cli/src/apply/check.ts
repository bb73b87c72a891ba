import { cronProblem } from '@holdfast/shared/domain';
import { CliError, exits } from '../exits.ts';
import { pick } from '../find.ts';
import type { Declaration, Declared, Kind } from './declare.ts';
import type { Fields, Value } from './normal.ts';
import type { Path, ReadFile } from './read.ts';
import type { Names } from './shown.ts';

interface Named {
  id: string | number;
  name: string;
}

/**
 * Looks before anything changes whether each name stands for something that is in the file or in the service, and whether
 * each cron expression comes due.
 * @throws CliError failed, which names every problem and where it stands
 */
export function checkDeclaration({ things }: Declaration, names: Names, at: ReadFile['at']): void {
  const known = (kind: Kind, there: readonly Named[]): Named[] => {
    const declared = things.filter((thing) => thing.kind === kind && !there.some(({ name }) => name === thing.name));
    return [...there, ...declared.map(({ name }) => ({ id: '', name }))];
  };
  const destinations = known('destination', names.destinations);
  const databases = known('database', names.databases);
  const problems = things.flatMap((thing) => {
    const { destination, server, verification, rules } = thing.fields;
    return [
      ...missing('destination', ['destination'], destination, destinations),
      ...missing('server', ['server'], server, names.servers),
      ...missing('database', ['verification', 'scratch_database'], within(verification, 'scratch_database'), databases),
      ...strangers(within(rules, 'databases'), databases),
      ...unusable(thing),
    ].map(({ path, message }) => `${at([...thing.path, ...path])}: ${message}`);
  });
  if (problems.length > 0) throw new CliError(exits.failed, `${problems.join('\n')}\nNothing was changed.`);
}

interface Problem {
  path: Path;
  message: string;
}

const within = (value: Value | undefined, field: string): Value | undefined =>
  typeof value === 'object' && value !== null ? (value as Fields)[field] : undefined;

/** A name as `pick` will take it when the thing is made. */
function missing(what: string, path: Path, name: Value | undefined, known: readonly Named[]): Problem[] {
  if (typeof name !== 'string') return [];
  try {
    pick(what, name, known, (each) => each);
    return [];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [{ path, message: error.message }];
  }
}

/** The names in a channel's rules go to the service as they are, which takes ids and whole names. */
function strangers(asked: Value | undefined, known: readonly Named[]): Problem[] {
  if (!Array.isArray(asked)) return [];
  return asked.flatMap((wanted: Value, index) =>
    known.some(({ id, name }) => name === wanted || id === wanted)
      ? []
      : [{ path: ['rules', 'databases', index], message: `There is no database ${JSON.stringify(wanted)}.` }],
  );
}

function unusable({ fields }: Declared): Problem[] {
  const { cron, timezone = 'UTC' } = fields;
  if (typeof cron !== 'string' || typeof timezone !== 'string') return [];
  const problem = cronProblem(cron, timezone);
  return problem === null ? [] : [{ path: [problem.field], message: problem.message }];
}
