import type { KnownContent } from '../bed/source.ts';
import type { Version } from '../bed/fingerprint.ts';
import type { Records } from '../driver/records.ts';
import type { Watched } from './watched.ts';

/** What the campaign must not find. */
export interface Violation {
  /** The check that found it. */
  check: string;
  what: string;
}

type Status = 'scheduled' | 'pending' | 'done' | 'error';

/** Rows as PostgreSQL's `to_jsonb` shows them; only what the checks look at. */
export interface BackupRow {
  id: string;
  database_id: string;
  destination_id: number;
  schedule_id: string | null;
  scheduled_for: string | null;
  method: string;
  status: Status;
  attempt: number;
  error: { code: string; message: string } | null;
  size: number | null;
  manifest_key: string | null;
  damaged_at: string | null;
  deletion_requested_at: string | null;
  deleted_at: string | null;
  created_at: string;
  completed_at: string | null;
}

export interface AttemptRow {
  backup_id: string;
  attempt: number;
  prefix: string;
  started_at: string;
  ended_at: string | null;
  settled: boolean;
  swept_at: string | null;
}

interface FileRow {
  backup_id: string;
  key: string;
  size: number;
  checksum: string;
}

export interface RestoreRow {
  id: string;
  backup_id: string;
  database_id: string;
  status: Status;
  attempt: number;
  error: { code: string; message: string } | null;
  completed_at: string | null;
}

export interface ScheduleRow {
  id: string;
  database_id: string;
  enabled: boolean;
  cron: string;
  timezone: string;
}

export interface SlotRow {
  schedule_id: string;
  scheduled_for: string;
  status: string;
  covers: number;
  backup_id: string | null;
}

/** An object or file that was found, by the id of its destination and its key there. */
export interface Found {
  destinationId: number;
  key: string;
}

/** What a database on the source's server holds; `lines` is its fingerprint. */
export interface Holding {
  version: Version | null;
  lines: string[];
}

/** What came of reading a stored backup with public tools. */
export interface ReadBackup {
  id: string;
  /** Null when it could not be read to its end, or did not restore. */
  holding: Holding | null;
  problem: string | null;
}

/** Everything that the checks judge, collected when all is quiet and the services are stopped. */
export interface Evidence {
  records: Records;
  /** Contents that each source had, by its name and the number of the change. */
  contents: ReadonlyMap<string, ReadonlyMap<number, KnownContent>>;
  /** Names of the sources by the id of their registration. */
  sources: ReadonlyMap<string, string>;
  backups: BackupRow[];
  attempts: AttemptRow[];
  files: FileRow[];
  restores: RestoreRow[];
  schedules: ScheduleRow[];
  slots: SlotRow[];
  objects: Found[];
  /** Multipart uploads that are open, and files that are half written. */
  uploads: Found[];
  /** The backups that were read: all, or a sample. */
  read: ReadBackup[];
  /** What the databases that were restored to hold, by name; null for those that do not exist. */
  targets: ReadonlyMap<string, Holding | null>;
  /** Names of all databases on the source's server. */
  databases: string[];
  /** When it was collected, in milliseconds since 1970. */
  now: number;
  /** What those who watch and tell said before, when all was quiet. */
  watched: Watched;
}

export type Check = (evidence: Evidence) => string[];
