export const alertKinds = [
  'backup_failed',
  'backup_overdue',
  'slots_missed',
  'backup_damaged',
  'verification_failed',
  'verification_overdue',
  'hook_failed',
  'engine_unknown',
  'deletion_failed',
  'reconciliation_failed',
  'orphans_found',
  'database_vanished',
  'run_failed',
  'run_suspicious',
] as const;
export type AlertKind = (typeof alertKinds)[number];

export const alertSubjects = ['database', 'schedule', 'backup', 'destination', 'policy'] as const;
export type AlertSubject = (typeof alertSubjects)[number];

/** Something that lasts and that somebody has to know of. Open until what it tells of is over. */
export interface Alert {
  id: string;
  accountId: number;
  kind: AlertKind;
  subjectType: AlertSubject;
  subjectId: string;
  /** For people: what is wrong and what to do. */
  message: string;
  raisedAt: Date;
  /** When it was last found to be so. */
  seenAt: Date;
  clearedAt: Date | null;
}
