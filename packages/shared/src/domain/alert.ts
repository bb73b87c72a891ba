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
  'run_overdue',
  'run_suspicious',
  'protection_lost',
  'protection_at_risk',
  'service_silent',
  'notifications_failing',
] as const;
export type AlertKind = (typeof alertKinds)[number];

export const severities = ['critical', 'warning', 'info'] as const;
/** `critical`: act now, as what should be safe is not; `warning`: it will come to that if nobody looks; `info`: good to know. */
export type Severity = (typeof severities)[number];

const alertSeverities: Readonly<Record<AlertKind, Severity>> = {
  backup_failed: 'warning',
  backup_overdue: 'warning',
  slots_missed: 'warning',
  backup_damaged: 'critical',
  verification_failed: 'warning',
  verification_overdue: 'warning',
  hook_failed: 'warning',
  engine_unknown: 'warning',
  deletion_failed: 'warning',
  reconciliation_failed: 'warning',
  orphans_found: 'info',
  database_vanished: 'warning',
  run_failed: 'warning',
  run_overdue: 'warning',
  run_suspicious: 'warning',
  protection_lost: 'critical',
  protection_at_risk: 'warning',
  service_silent: 'critical',
  notifications_failing: 'warning',
};

export const severityOf = (kind: AlertKind): Severity => alertSeverities[kind];

export const alertSubjects = ['database', 'schedule', 'backup', 'destination', 'policy', 'service', 'channel'] as const;
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
  /** When somebody said that they know of it; it stays open, and nobody is told of it again. */
  acknowledgedAt: Date | null;
  /** The name of their token. */
  acknowledgedBy: string | null;
}
