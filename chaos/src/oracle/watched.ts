import type { Heard } from '../bed/receiver.ts';
import type { BackupRow, RestoreRow, ScheduleRow } from './evidence.ts';

export interface DatabaseRow {
  id: string;
  name: string;
  created_at: string;
  objectives: { rpoSeconds?: number } | null;
}

interface AlertRow {
  id: string;
  kind: string;
  subject_id: string;
  raised_at: string;
  cleared_at: string | null;
}

interface MessageRow {
  id: string;
  status: string;
  /** What its events were made of: `backup <id> done`, `alert <id> raised`. */
  sources: string[];
}

/** What `GET /api/protection` answers. */
export interface ShownProtection {
  services: { service: string; state: string }[];
  databases: {
    database: { id: string; name: string };
    state: string;
    newest_good: { backup_id: string } | null;
    /** Null while the sentinel has not found the database in this state. */
    since: string | null;
  }[];
}

/** What those who watch and tell are judged by: rows of one moment, and what they said of them. */
export interface Watched {
  backups: BackupRow[];
  /** When the content of each backup that is done is of, in milliseconds since 1970, by its id. */
  madeAt: ReadonlyMap<string, number>;
  restores: RestoreRow[];
  schedules: ScheduleRow[];
  databases: DatabaseRow[];
  /** Those of which the service itself keeps rows: failed comparisons and what they found that nobody owns. */
  reconciliations: { destination_id: number; error: { code: string } | null }[];
  orphans: { destination_id: number }[];
  alerts: AlertRow[];
  messages: MessageRow[];
  /** When the channel was made, in milliseconds since 1970: what happened before is not told to it. */
  channelMadeAt: number;
  /** What the receiver of the channel got. */
  heard: readonly Heard[];
  protection: ShownProtection;
  /** What the logs of changes are found to be; null where they are whole. */
  auditProblem: string | null;
  auditEntries: { action: string; outcome: string; object_id: string | null }[];
  /** Actions of changes that were begun and whose end nobody wrote down. */
  auditIntents: string[];
  /** The accepted backups and restores, by the action that makes them. */
  accepted: Readonly<Record<string, readonly string[]>>;
  /** When the rows were read, by the clock of the service's database, in milliseconds since 1970. */
  now: number;
}

export type WatchCheck = (watched: Watched) => string[];
