import type { Secret } from './secret.ts';

/** Keys of the age format, for the files of a backup. */
export interface Keys {
  /** Public keys: each of them alone opens what is encrypted to them. Empty: nothing is encrypted. */
  recipients: readonly string[];
  /** Private keys, the newest first. Empty: nothing that is encrypted can be opened here. */
  identities: readonly Secret[];
}

export const noKeys: Keys = { recipients: [], identities: [] };
