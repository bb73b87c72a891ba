import { z } from 'zod';

/** What is wrong with each field, each message a whole sentence. */
export const fieldProblems = z.record(z.string(), z.array(z.string()).min(1));
export type FieldProblems = z.infer<typeof fieldProblems>;

interface ProblemDetails {
  fields?: FieldProblems;
  /** The names of the rules behind the messages of `fields`, in the same places. */
  rules?: FieldProblems;
  headers?: Record<string, string>;
  /** The refusal concerns the token and not what it asked for. */
  aboutToken?: boolean;
}

/** A refusal with its HTTP status; each dialect gives it its own shape. The message is for the client. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly fields: FieldProblems | null;
  readonly rules: FieldProblems;
  readonly headers: Record<string, string>;
  readonly aboutToken: boolean;

  constructor(status: number, message: string, details: ProblemDetails = {}) {
    super(message);
    this.status = status;
    this.fields = details.fields ?? null;
    this.rules = details.rules ?? {};
    this.headers = details.headers ?? {};
    this.aboutToken = details.aboutToken ?? false;
  }
}

export const badRequest = (message: string): Problem => new Problem(400, message);
export const forbidden = (message: string): Problem => new Problem(403, message);
export const notFound = (message: string): Problem => new Problem(404, message);
export const conflict = (message: string): Problem => new Problem(409, message);

export const methodNotAllowed = (allowed: readonly string[]): Problem =>
  new Problem(405, `This path allows only ${allowed.join(', ')}.`, { headers: { Allow: allowed.join(', ') } });

/** 422, with a message that counts the problems beyond the first. */
export function invalid(fields: FieldProblems, rules: FieldProblems = {}): Problem {
  const [first = 'The request is not valid.', ...others] = Object.values(fields).flat();
  const more = others.length === 0 ? '' : ` (and ${others.length} more error${others.length === 1 ? '' : 's'})`;
  return new Problem(422, `${first}${more}`, { fields, rules });
}
