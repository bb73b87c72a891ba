import type { Scope } from '@holdfast/shared/domain';
import type { z } from 'zod';
import type { Problem } from './problem.ts';

/** How one of the established APIs phrases what all of them have in common. */
export interface Dialect {
  /** What the API's description calls it. */
  name: string;
  description: string;
  /** Whether form-encoded bodies are accepted beside JSON. */
  forms: boolean;
  unauthenticated: string;
  missingScope(method: string, scope: Scope): string;
  /** The body that tells of a problem. */
  present(problem: Problem): unknown;
  /** What `present` gives for a problem with fields (422), and for every other one. */
  shapes: { invalid: z.ZodType; refusal: z.ZodType };
}
