import type { Kind } from './declare.ts';

export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };
export type Fields = { readonly [key: string]: Value };

const retention = {
  keep_last: null,
  keep_days: null,
  hourly: null,
  daily: null,
  weekly: null,
  monthly: null,
  yearly: null,
  minimum: null,
};
const verification = { every: 1, scratch_database: null };
const objectives = { rpo_seconds: null, level: null, rto_seconds: null };
const commandHook = { arguments: [], timeout_seconds: 60 };
const httpHook = { method: 'POST', headers: {}, timeout_seconds: 60 };

type Filling = (value: Value) => Value;

const isFields = (value: Value): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is replaced as a whole, with what is meant where nothing is said. */
const over =
  (defaults: Fields): Filling =>
  (value) =>
    isFields(value) ? { ...defaults, ...value } : value;

const hooks: Filling = (value) => {
  if (!isFields(value)) return value;
  const filled = (list: Value | undefined): readonly Value[] =>
    (Array.isArray(list) ? list : []).map((hook: Value) =>
      over(isFields(hook) && hook['type'] === 'http' ? httpHook : commandHook)(hook),
    );
  const [before, after] = [filled(value['before']), filled(value['after'])];
  return before.length + after.length === 0 ? null : { before, after };
};

const nothing: Filling = (value) =>
  isFields(value) && Object.values(value).every((each) => each === null) ? null : value;
const asObjectives: Filling = (value) => nothing(over(objectives)(value));
/** With and without a slash at its end is one place. */
const folder: Filling = (value) => (typeof value === 'string' ? value.replace(/\/+$/, '') : value);

const fillings: Readonly<Record<Kind, Readonly<Record<string, Filling>>>> = {
  destination: { s3_prefix: folder, path: folder },
  database: { hooks, objectives: asObjectives },
  schedule: { retention: over(retention), verification: over(verification) },
  policy: { retention: over(retention), verification: over(verification), objectives: asObjectives },
  channel: {},
};

/** The same meaning in one form: what is left out of something that is given as a whole stands for its default. */
export function normal(kind: Kind, fields: Fields): Fields {
  const known = fillings[kind];
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const fill = known[name];
      return [name, fill ? fill(value) : value];
    }),
  );
}

/** Whether two values mean the same; the order of keys means nothing. */
export function same(one: Value | undefined, other: Value | undefined): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: Value | undefined): unknown {
  if (Array.isArray(value)) return value.map((each: Value) => sorted(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
