import type { Style } from '../output/style.ts';
import { cut, plain } from '../output/text.ts';
import { same, type Value } from './normal.ts';
import type { Existing, FieldChange, Plan, Step } from './plan.ts';

const longest = 100;

/** A value on one line, as JSON; nothing where there is none. */
function valueText(value: Value | undefined): string {
  return value === undefined || value === null ? 'nothing' : cut(plain(JSON.stringify(value)), longest);
}

export const nameOf = ({ kind, name, database }: Pick<Existing, 'kind' | 'name' | 'database'>): string =>
  plain(database === null ? `${kind} ${name}` : `${kind} "${name}" of ${database}`);

const thing = (step: Step): Pick<Existing, 'kind' | 'name' | 'database'> =>
  step.action === 'remove' ? step.existing : step.declared;

export const stepName = (step: Step): string => nameOf(thing(step));

/** What a plan would change, for people. */
export function diffText({ steps, unchanged, left }: Plan, style: Style): string {
  const lines = steps.flatMap((step) => stepLines(step, style));
  const rest = left.map((each) => style('quiet', `  ${nameOf(each)} is not in the file; --prune would remove it`));
  return [...lines, ...rest, `${summary(steps)}; ${unchanged} unchanged.`].join('\n');
}

function stepLines(step: Step, style: Style): string[] {
  const name = stepName(step);
  if (step.action === 'remove') return [style('bad', `- ${name}`)];
  const secrets = Object.keys(step.declared.secrets).map((field) => `    ${field}: from where the file says`);
  if (step.action === 'create') {
    const fields = step.fields.flatMap(({ field, to }) => [...leaves(field, to)]).filter(([, value]) => value !== null);
    return [
      style('good', `+ ${name}`),
      ...fields.map(([field, value]) => `    ${field}: ${valueText(value)}`),
      ...secrets,
    ];
  }
  const changes = step.fields.flatMap(changeLines);
  return [style('warning', `~ ${name}`), ...changes, ...(step.rotates ? secrets : [])];
}

function changeLines({ field, from, to }: FieldChange): string[] {
  const [before, after] = [leaves(field, from), leaves(field, to)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((leaf) => !same(before.get(leaf) ?? null, after.get(leaf) ?? null))
    .map((leaf) => `    ${leaf}: ${valueText(before.get(leaf))} -> ${valueText(after.get(leaf))}`);
}

/** The values within a value by their dotted names; a list without objects is one value. */
function leaves(name: string, value: Value | undefined): Map<string, Value> {
  const isInner =
    typeof value === 'object' && value !== null && Object.values(value).some((each) => typeof each === 'object');
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null || (Array.isArray(value) && !isInner))
    return new Map([[name, value]]);
  return new Map(Object.entries(value).flatMap(([key, each]) => [...leaves(`${name}.${key}`, each as Value)]));
}

function summary(steps: readonly Step[]): string {
  const count = (action: Step['action']): number => steps.filter((step) => step.action === action).length;
  return `${count('create')} to make, ${count('update')} to change, ${count('remove')} to remove`;
}

/** The same for programs. */
export function stepDocument(step: Step): Record<string, unknown> {
  const { kind, name, database } = thing(step);
  return {
    action: step.action,
    kind,
    name,
    ...(database === null ? {} : { database }),
    ...(step.action === 'remove'
      ? {}
      : {
          fields: step.fields.map(({ field, from, to }) => ({ field, from: from ?? null, to })),
          secrets: step.action === 'create' || step.rotates ? Object.keys(step.declared.secrets) : [],
        }),
  };
}
