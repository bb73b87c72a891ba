import type { Observers } from '@holdfast/shared/observability';

/** What the operator, not the owner of a destination, decides about stores. */
export interface StoreSettings {
  /** Folder that every local destination lies in; null where local destinations are not allowed. */
  localRoot: string | null;
  /** CIDR ranges that a custom endpoint may resolve to although they are private. */
  allowedNetworks: readonly string[];
  /** Parts of one upload that are sent at the same time, at most. */
  partConcurrency: number;
  /** Seconds that a store may be away in the middle of an upload or a read before that fails. */
  patienceSeconds: number;
  /** Hears of every request to a store, where somebody counts. */
  observers?: Pick<Observers, 'storeRequestEnded'> | undefined;
}
