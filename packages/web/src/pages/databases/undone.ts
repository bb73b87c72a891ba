import type { Restore } from '../../data/restores.ts';

/** What was swapped back and forth since a restore in place. */
export interface Undoing {
  /** The newest attempt at a swap. */
  newest: Restore | undefined;
  /** Whether the database holds its former content again. */
  isUndone: boolean;
}

/** @param restores of the same database, the newest first: each swap is a restore of its own, and every other one brings back what the restore had brought */
export function undoingOf(restores: readonly Restore[], { id }: Pick<Restore, 'id'>): Undoing {
  const swaps = restores.filter(({ undo_of: undone }) => undone === id);
  return { newest: swaps[0], isUndone: swaps.filter(({ status }) => status === 'done').length % 2 === 1 };
}
