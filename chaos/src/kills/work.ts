import type { ContentManifest } from '@holdfast/shared/domain';

/** What the process that is killed is told to do; sent to it, so that the password is on no command line. */
export interface Work {
  connection: { host: string; port: number; user: string; password: string; database: string };
  kind: 'restore' | 'undo';
  restoreId: string;
  /** Of an undoing alone. */
  undoId: string;
  archive: string;
  keepFormer: boolean;
  expected: ContentManifest;
}

/** What it says: that it begins, and how it ended. */
export type Said = { begun: true } | { done: string } | { failed: string };
