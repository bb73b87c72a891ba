import type { Scope } from '@holdfast/shared/domain';
import type { Problem } from './problem.ts';

/** How one of the established APIs phrases what all of them have in common. */
export interface Dialect {
  /** Whether form-encoded bodies are accepted beside JSON. */
  forms: boolean;
  unauthenticated: string;
  missingScope(method: string, scope: Scope): string;
  /** The body that tells of a problem. */
  present(problem: Problem): unknown;
}
