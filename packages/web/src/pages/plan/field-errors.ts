import { ApiError } from '@holdfast/client';

/** By the names of the API's fields. */
export type FieldErrors = Readonly<Record<string, readonly string[] | undefined>>;

const none: FieldErrors = {};
/** The same texts for the same refusal, by which a field knows that it was written in since. */
const worded = new WeakMap<ApiError, FieldErrors>();

/** What a refusal says of single fields; which one is meant is said by the place where it stands. */
export function fieldErrors(error: unknown): FieldErrors {
  if (!(error instanceof ApiError)) return none;
  const known = worded.get(error) ?? Object.fromEntries(Object.entries(error.fields).map(inPlace));
  worded.set(error, known);
  return known;
}

const inPlace = ([field, said]: [string, readonly string[]]): [string, string[]] => [
  field,
  said.map((text) => text.replace(/^The \S+ field /, 'This field ')),
];
