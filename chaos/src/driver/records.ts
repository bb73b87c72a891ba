/** What the API accepted, and what the driver did since. Times are milliseconds since 1970. */
export interface Records {
  backups: Map<string, AcceptedBackup>;
  restores: Map<string, AcceptedRestore>;
  schedules: Map<string, AcceptedSchedule>;
  /** Requests that never got an answer: what they asked for may or may not be there. */
  unanswered: string[];
}

export interface AcceptedBackup {
  id: string;
  databaseId: string;
  source: string;
  acceptedAt: number;
  /** The API said that it will be, or is, cancelled. */
  cancelAccepted: boolean;
  /** What the driver last heard about its lock; `unknown` while a change is under way. */
  lock: 'locked' | 'free' | 'unknown';
  /** Somebody asked for its deletion; null when nobody did, or took it back. */
  deletion: 'asked' | 'unknown' | null;
}

export interface AcceptedRestore {
  id: string;
  backupId: string;
  databaseId: string;
  /** Name of the database on the source's server. */
  target: string;
  mode: 'in_place' | 'new_database';
  cancelAccepted: boolean;
  acceptedAt: number;
}

export interface AcceptedSchedule {
  id: string;
  databaseId: string;
  cron: string;
  createdAt: number;
  /** When the campaign switched it off at its end. */
  disabledAt: number | null;
  /** Nobody changed its times before. */
  unchanged: boolean;
  deleted: boolean;
}

export const newRecords = (): Records => ({
  backups: new Map(),
  restores: new Map(),
  schedules: new Map(),
  unanswered: [],
});
