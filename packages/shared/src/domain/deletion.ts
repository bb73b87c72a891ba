import type { Backup } from './backup.ts';
import type { PublicError } from './errors.ts';

/**
 * `marked`, its deletion can be taken back; `removing`, its objects are being removed; `failed`, they could not be and it is
 * tried again; `deleted`, the store lists none any more.
 */
export const deletionStates = ['marked', 'removing', 'failed', 'deleted'] as const;
export type DeletionState = (typeof deletionStates)[number];

/** How the deletion of a backup goes. */
export interface Deletion {
  backup: Backup;
  state: DeletionState;
  requestedAt: Date;
  /** When its objects will be removed, or would have been at the earliest. */
  dueAt: Date;
  /** From then on it cannot be taken back. */
  begunAt: Date | null;
  deletedAt: Date | null;
  /** How often the removal has failed, and why the last time. */
  failures: number;
  error: PublicError | null;
}
