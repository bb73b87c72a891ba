export const changeKinds = ['backup', 'restore', 'verification', 'run', 'alert', 'delivery'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** Something of an account is not as it was: whoever shows it asks again. */
export interface Change {
  accountId: number;
  kind: ChangeKind;
  id: string;
  /** Whose it is, where it is of one database. */
  databaseId: string | null;
  /** Of work and of deliveries their status; of an alert `open`, `acknowledged` or `cleared`. */
  status: string;
  /** Plain bytes so far, and of how many as far as that is known; null of what has no bytes. */
  progress: { bytes: number; total: number | null } | null;
}
