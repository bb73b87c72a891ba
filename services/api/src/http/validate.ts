import type { z } from 'zod';
import { invalid, type FieldProblems } from './problem.ts';

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

/**
 * Checks input against a schema. Messages in schemas are predicates (`must be a host name`), which become sentences about
 * their field here.
 * @param whole what the input is a whole of, where a problem is about no single field
 * @throws Problem 422 with every problem, by field
 */
export function validate<S extends z.ZodType>(
  schema: S,
  input: unknown,
  whole: 'body' | 'query' = 'body',
): z.output<S> {
  const result = schema.safeParse(input, { error: predicate, reportInput: true });
  if (result.success) return result.data;
  const fields: FieldProblems = {};
  const rules: FieldProblems = {};
  for (const issue of result.error.issues.slice(0, shownIssues)) {
    const field = fieldOf(issue.path);
    const subject = field === '' ? `The request ${whole}` : `The ${field} field`;
    (fields[field === '' ? whole : field] ??= []).push(`${subject} ${issue.message}.`);
    (rules[field === '' ? whole : field] ??= []).push(ruleOf(issue));
  }
  throw invalid(fields, rules);
}

const envelopes: ReadonlySet<unknown> = new Set(['database', 'server', 'server_policy', 'token']);

/** `database.host` is called `host`: the envelope of the database dialect is not part of a field's name. */
function fieldOf(path: readonly PropertyKey[]): string {
  const inner = path.length > 1 && envelopes.has(path[0]) ? path.slice(1) : path;
  return inner.map(String).join('.');
}

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** Nobody reads more, and an answer must not be as long as a hostile request. */
const shownKeys = 10;
const shownIssues = 100;

function predicate(issue: RawIssue): string {
  if (issue.input === undefined) return 'is required';
  const { code } = issue;
  if (code === 'invalid_type') return `must be ${kinds[issue.expected] ?? issue.expected}`;
  if (code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (code === 'unrecognized_keys') {
    const more = issue.keys.length > shownKeys ? ` and ${issue.keys.length - shownKeys} more` : '';
    const shown = issue.keys.slice(0, shownKeys).map((key) => key.slice(0, 40));
    return `must not have the entries ${shown.join(', ')}${more}`;
  }
  const isText = 'origin' in issue && issue.origin === 'string';
  const isList = 'origin' in issue && issue.origin === 'array';
  if (isList && code === 'too_small') return `must have ${issue.minimum} or more entries`;
  if (code === 'too_small') return isText ? 'must not be empty' : `must be at least ${issue.minimum}`;
  if (code === 'too_big')
    return isText ? `must not be longer than ${issue.maximum} characters` : `must be at most ${issue.maximum}`;
  return 'is not valid';
}

/** The rule that was broken, by the names that clients of Laravel know; a check of our own may bring its name as a parameter. */
function ruleOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom' && typeof issue.params?.['rule'] === 'string') return issue.params['rule'];
  if (issue.input === undefined) return 'required';
  if (issue.code === 'invalid_type') return typeRules[issue.expected] ?? issue.expected;
  return rulesOfCodes[issue.code] ?? 'regex';
}

const typeRules: Record<string, string> = { int: 'integer', number: 'numeric', object: 'array' };
const rulesOfCodes: Record<string, string> = {
  invalid_value: 'in',
  too_small: 'min',
  too_big: 'max',
  unrecognized_keys: 'prohibited',
};
