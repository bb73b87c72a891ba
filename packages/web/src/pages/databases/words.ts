import type { Backup, Verification } from '../../data/backups.ts';
import type { Database } from '../../data/databases.ts';
import type { Restore } from '../../data/restores.ts';
import { inWords } from '../plan/timing-fields.tsx';

/** What became of work, as StateBadge knows it. */
export function outcomeOf(work: Pick<Backup, 'status' | 'error'> & { verification?: Backup['verification'] }): string {
  if (work.verification?.damage) return 'damaged';
  return work.status === 'error' && work.error?.code === 'cancelled' ? 'cancelled' : work.status;
}

type Timed = Pick<Backup | Restore | Verification, 'attempts' | 'started_at'>;

/** Seconds of the attempt that came to an end; of all where none is known. */
export function secondsOf(work: Timed, endedAt: string | null): number | null {
  const settled = work.attempts.find((attempt) => attempt.settled);
  const [start, end] = settled ? [settled.started_at, settled.ended_at] : [work.started_at, endedAt];
  return start === null || end === null ? null : Math.max(0, (Date.parse(end) - Date.parse(start)) / 1000);
}

/** `At 03:30, every day (Europe/Paris)`. */
export const cronWords = (cron: string, timezone: string): string => `${inWords(cron)} (${timezone})`;

/** When what has that id was made: ids are UUIDs of version 7, which begin with the milliseconds. */
export const madeAt = (id: string): Date => new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16));

export const causeWords: Record<Verification['cause'], string> = {
  policy: 'Schedule',
  manual: 'Request',
  recheck: 'Periodic look',
};

/** `new database shop_copy`, `in place`, `undoing`. */
export function restoreTarget({ target, undo_of: undone }: Pick<Restore, 'target' | 'undo_of'>): string {
  if (undone !== null) return 'Back to the former content';
  return 'new_database' in target ? `New database ${target.new_database}` : 'In place';
}

/** Where a database is, for people; null where nobody said yet. */
export function addressOf({ type, server_id: server, host, port, database }: Database): string | null {
  if (server !== null) return `${database}, by remote server ${server}`;
  if (type === 'sqlite' || type === 'files') return database;
  return host === null ? null : `${database} on ${host}${port === null ? '' : `:${port}`}`;
}

/** The pages above those of a database. */
export const crumbs = (database?: Pick<Database, 'id' | 'name'>) => [
  { label: 'Databases', to: '/databases' },
  ...(database ? [{ label: database.name, to: `/databases/${database.id}` }] : []),
];
