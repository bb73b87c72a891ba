import type { DatabaseRow, Watched } from './watched.ts';
import type { BackupRow } from './evidence.ts';

const defaultRpoSeconds = 86_400;

/** How a database stands by its rows, judged anew and apart from how the service does it. */
export interface Standing {
  state: 'protected' | 'at_risk' | 'unprotected' | 'unknown';
  newestGood: string | null;
  lastFailed: boolean;
  /** What nobody plans backups of any more. */
  unplanned: boolean;
  everDone: boolean;
  rpoSeconds: number;
}

/**
 * Nothing that the campaign leaves behind is more complicated: a schedule that is on is the daily one, whose database has an
 * objective that it fulfils; there are no verifications, policies, hooks or remote servers; and every service runs.
 */
export function standingOf(
  { id, objectives }: DatabaseRow,
  { backups, schedules, madeAt, now }: Pick<Watched, 'backups' | 'schedules' | 'madeAt' | 'now'>,
): Standing {
  const own = backups.filter((row) => row.database_id === id);
  const ownSchedules = schedules.filter((row) => row.database_id === id);
  const rpoSeconds = objectives?.rpoSeconds ?? defaultRpoSeconds;
  const made = (row: BackupRow): number => madeAt.get(row.id) ?? 0;
  const [newest] = own.filter(isGood).toSorted((a, b) => made(b) - made(a));
  const [last] = own
    .filter((row) => row.completed_at !== null && row.error?.code !== 'cancelled')
    .toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  const lastFailed = last?.status === 'error' && last.deletion_requested_at === null;
  const unplanned = !ownSchedules.some(({ enabled }) => enabled);
  const isInTime = newest !== undefined && now - made(newest) <= rpoSeconds * 1000;
  const isAsked = objectives !== null || ownSchedules.length > 0 || own.length > 0;
  const known = !isInTime ? 'unprotected' : lastFailed || unplanned ? 'at_risk' : 'protected';
  return {
    state: isAsked ? known : 'unknown',
    newestGood: newest?.id ?? null,
    lastFailed,
    unplanned,
    everDone: own.some(({ status }) => status === 'done'),
    rpoSeconds,
  };
}

const isGood = ({ status, damaged_at: damaged, deletion_requested_at: deletion }: BackupRow): boolean =>
  status === 'done' && damaged === null && deletion === null;
