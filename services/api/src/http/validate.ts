import type { z } from 'zod';
import { invalid, type FieldProblems } from './problem.ts';

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

/**
 * Checks input against a schema. Messages in schemas are predicates (`must be a host name`), which become sentences about
 * their field here.
 * @throws Problem 422 with every problem, by field
 */
export function validate<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input, { error: predicate });
  if (result.success) return result.data;
  const fields: FieldProblems = {};
  for (const issue of result.error.issues) {
    const field = fieldOf(issue.path);
    const subject = field === '' ? 'The request body' : `The ${field} field`;
    (fields[field === '' ? 'body' : field] ??= []).push(`${subject} ${issue.message}.`);
  }
  throw invalid(fields);
}

/** `database.host` is called `host`: the envelope of the database dialect is not part of a field's name. */
function fieldOf(path: readonly PropertyKey[]): string {
  const inner = path.length > 1 && path[0] === 'database' ? path.slice(1) : path;
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

function predicate(issue: RawIssue): string {
  if (issue.input === undefined) return 'is required';
  const { code } = issue;
  if (code === 'invalid_type') return `must be ${kinds[issue.expected] ?? issue.expected}`;
  if (code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (code === 'unrecognized_keys') {
    return `must not have the entries ${issue.keys.map((key) => key.slice(0, 40)).join(', ')}`;
  }
  const isText = 'origin' in issue && issue.origin === 'string';
  if (code === 'too_small') return isText ? 'must not be empty' : `must be at least ${issue.minimum}`;
  if (code === 'too_big')
    return isText ? `must not be longer than ${issue.maximum} characters` : `must be at most ${issue.maximum}`;
  return 'is not valid';
}
