import type { Keys, ObjectStore } from '@holdfast/shared/domain';

/** What every command works with. */
export interface Deps {
  store: ObjectStore;
  /** The private keys that were given. */
  keys: Keys;
  signal: AbortSignal;
  /** One JSON document, or lines for people, on standard output. */
  json: boolean;
  print: (line: string) => void;
  /** What goes beside the result: progress and remarks, on standard error. */
  say: (line: string) => void;
}
