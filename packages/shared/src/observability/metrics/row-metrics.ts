import type { MetricDefinition } from './catalogue.ts';

/** Of a series of one database. */
const ofDatabase = ['account', 'database', 'name'] as const;
const gauge = 'gauge';

/** What the API reads from the rows when it is asked: of the whole installation, so that one API is enough to scrape. */
export const rowMetrics = {
  holdfast_database_up: {
    type: gauge,
    help: 'Whether the own database of the service answered in time; 0: nothing below is there, and nothing is backed up',
    labels: [],
  },
  holdfast_schema_current: {
    type: gauge,
    help: 'Whether the schema fits this program',
    labels: [],
  },
  holdfast_metrics_databases_omitted: {
    type: gauge,
    help: 'Databases without series of their own, as there are more than HOLDFAST_METRICS_DATABASES',
    labels: [],
  },
  holdfast_databases: {
    type: gauge,
    help: 'Databases by the state of their protection, as the sentinel found it within the last ten minutes; else unknown',
    labels: ['account', 'state'],
  },
  holdfast_database_protection: {
    type: gauge,
    help: 'Always 1: the state of the protection of a database, judged when it is asked for, is in its label',
    labels: [...ofDatabase, 'state'],
  },
  holdfast_database_rpo_seconds: {
    type: gauge,
    help: 'How old the newest good backup of a database may be',
    labels: ofDatabase,
  },
  holdfast_database_newest_good_backup_timestamp_seconds: {
    type: gauge,
    help: 'The moment whose content the newest good backup of a database has, of those that its objectives count',
    labels: ofDatabase,
  },
  holdfast_database_verified_timestamp_seconds: {
    type: gauge,
    help: 'When a backup of a database that is still there was last proven to be of that level or a higher one',
    labels: [...ofDatabase, 'level'],
  },
  holdfast_database_slots_missed: {
    type: gauge,
    help: 'Planned backups of a database that nobody was there to begin, since its last one that is done',
    labels: ofDatabase,
  },
  holdfast_database_next_slot_timestamp_seconds: {
    type: gauge,
    help: 'When the next planned backup of a database begins',
    labels: ofDatabase,
  },
  holdfast_database_restore_seconds: {
    type: gauge,
    help: 'How long a restore of a database takes: measured by the newest one, or estimated',
    labels: [...ofDatabase, 'basis'],
  },
  holdfast_backups: {
    type: gauge,
    help: 'Backups that are not deleted, by status',
    labels: ['account', 'status'],
  },
  holdfast_backup_stored_bytes: {
    type: gauge,
    help: 'Size of the stored archives of the backups that are done and not deleted',
    labels: ['account'],
  },
  holdfast_backups_damaged: {
    type: gauge,
    help: 'Backups whose stored objects were found missing or changed',
    labels: ['account'],
  },
  holdfast_alerts_open: {
    type: gauge,
    help: 'Alerts that are open',
    labels: ['account', 'kind', 'severity', 'acknowledged'],
  },
  holdfast_work_due: {
    type: gauge,
    help: 'Work that could begin now and has not, by kind; the rows, not the jobs of the queue',
    labels: ['kind'],
  },
  holdfast_work_oldest_due_age_seconds: {
    type: gauge,
    help: 'For how long the oldest of it is due; 0 when there is none',
    labels: ['kind'],
  },
  holdfast_work_running: {
    type: gauge,
    help: 'Work that somebody holds a lease of, by kind',
    labels: ['kind'],
  },
  holdfast_queue_up: {
    type: gauge,
    help: 'Whether the queue answered in time; without it work begins late, and nothing is lost',
    labels: [],
  },
  holdfast_queue_jobs: {
    type: gauge,
    help: 'Jobs in the queue, by state: what was rung for and has not ended; the truth is in holdfast_work_due',
    labels: ['queue', 'state'],
  },
  holdfast_deletions_waiting: {
    type: gauge,
    help: 'Deleted backups that can still be undeleted',
    labels: [],
  },
  holdfast_deletions_overdue: {
    type: gauge,
    help: 'Deleted backups whose grace is over and whose objects are still there',
    labels: [],
  },
  holdfast_deletion_oldest_overdue_age_seconds: {
    type: gauge,
    help: 'For how long the oldest of them should be gone; 0 when there is none',
    labels: [],
  },
  holdfast_retention_oldest_check_timestamp_seconds: {
    type: gauge,
    help: 'When the retention of the schedule that waits for longest was last applied',
    labels: [],
  },
  holdfast_orphans: {
    type: gauge,
    help: 'Objects and unfinished uploads that no backup owns, by whether they are known left-overs (removed later) or foreign',
    labels: ['known'],
  },
  holdfast_orphan_bytes: {
    type: gauge,
    help: 'What these objects take up',
    labels: ['known'],
  },
  holdfast_reconciliations_failed: {
    type: gauge,
    help: 'Destinations that could not be compared with the backups the last time',
    labels: [],
  },
  holdfast_reconciliation_oldest_success_timestamp_seconds: {
    type: gauge,
    help: 'When the destination that waits for longest was last compared with the backups',
    labels: [],
  },
  holdfast_service_instances: {
    type: gauge,
    help: 'Instances of a service that gave a sign of life within HOLDFAST_SILENT_SECONDS',
    labels: ['service'],
  },
  holdfast_service_seen_timestamp_seconds: {
    type: gauge,
    help: 'When a service last gave a sign of life',
    labels: ['service'],
  },
  holdfast_notification_deliveries: {
    type: gauge,
    help: 'Notifications by the status of their delivery; those that ended count for a day',
    labels: ['status'],
  },
  holdfast_notification_oldest_waiting_age_seconds: {
    type: gauge,
    help: 'For how long the oldest notification waits that should be delivered by now; 0 when there is none',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type RowMetric = keyof typeof rowMetrics;

/** One value of a metric. */
export interface Sample {
  metric: RowMetric;
  labels: Readonly<Record<string, string>>;
  value: number;
}
