import type { Kind } from './declare.ts';
import type { Fields } from './normal.ts';
import type { Existing } from './plan.ts';

/** A thing that is to be made; what it needs was made before it. */
export interface Making {
  kind: Kind;
  name: string;
  database: string | null;
  /** In the words of the file, with its secrets. */
  body: Fields;
}

/** What a file is applied to. */
export interface Installation {
  /** Everything that a file can declare, in the words of the file and without secrets. */
  existing(): Promise<Existing[]>;
  /** @returns what is shown this once, such as the secret that a webhook is signed with; else null */
  create(making: Making): Promise<string | null>;
  update(existing: Existing, body: Fields): Promise<void>;
  remove(existing: Existing): Promise<void>;
}
