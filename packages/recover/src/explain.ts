import { toHoldfastError, type ErrorCode, type PublicError } from '@holdfast/shared/domain';
import { exits, UsageError } from './usage.ts';

export interface Explanation {
  exit: number;
  /** For people, on standard error. */
  text: string;
  /** For programs, with --json on standard output; null for wrong usage. */
  document: { error: PublicError } | null;
}

/** Exit codes of their own; of all others it is that of a failure. */
const exitOf: Readonly<Partial<Record<ErrorCode, number>>> = {
  cancelled: exits.interrupted,
  key_missing: exits.keyMissing,
  integrity: exits.damaged,
  object_missing: exits.damaged,
  content_differs: exits.damaged,
};

/** What to do here, where what failed does not know of this program's options. */
const wayOn: Readonly<Partial<Record<ErrorCode, string>>> = {
  key_missing: '--identity FILE names the file with the private key; it may be given several times.',
};

/** What a failure means for whoever called the program. */
export function explain(thrown: unknown): Explanation {
  if (thrown instanceof UsageError) return { exit: exits.usage, text: thrown.message, document: null };
  const error = toHoldfastError(thrown);
  const { code, message } = error;
  const more = code === 'internal' && thrown instanceof Error ? thrown.stack : wayOn[code];
  return {
    exit: exitOf[code] ?? exits.failed,
    text: more === undefined ? message : `${message} ${more}`,
    document: { error: error.toPublic() },
  };
}
