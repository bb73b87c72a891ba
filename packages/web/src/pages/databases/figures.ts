import { levels, type Backup, type Level, type Verification } from '../../data/backups.ts';
import { secondsOf } from './words.ts';

export interface Trends {
  times: Date[];
  size: (number | null)[];
  plain: (number | null)[];
  seconds: (number | null)[];
  throughput: (number | null)[];
}

/** What the good ones of some backups say of how things change, from the oldest on. */
export function trendsOf(backups: readonly Backup[]): Trends {
  const done = backups
    .filter(({ status }) => status === 'done')
    .toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
  const seconds = done.map((backup) => secondsOf(backup, backup.completed_at));
  return {
    times: done.map((backup) => new Date(backup.started_at ?? backup.created_at)),
    size: done.map(({ size }) => size),
    plain: done.map(({ progress }) => (progress.bytes > 0 ? progress.bytes : null)),
    seconds,
    throughput: done.map(({ progress }, index) => {
      const took = seconds[index];
      return took && progress.bytes > 0 ? progress.bytes / took : null;
    }),
  };
}

export interface Day<Item> {
  /** Its first moment in the reader's zone. */
  at: Date;
  items: Item[];
}

/** Items by the reader's day, in the order that they come in. */
export function byDay<Item>(items: readonly Item[], timeOf: (item: Item) => string): Day<Item>[] {
  const days = Map.groupBy(items, (item) => new Date(timeOf(item)).setHours(0, 0, 0, 0));
  return [...days].map(([at, of]) => ({ at: new Date(at), items: of }));
}

export interface Rung {
  level: Level;
  reached: boolean;
  /** When it was proven first; null where it is not, or where nobody wrote that down. */
  at: string | null;
}

/** The levels of verification, lowest first, with when each was proven. */
export function ladderOf(backup: Backup, verifications: readonly Verification[]): Rung[] {
  const proven = backup.verification.level === null ? -1 : levels.indexOf(backup.verification.level);
  const ended = verifications
    .flatMap(({ reached, ended_at: at }) =>
      reached !== null && at !== null ? [{ rank: levels.indexOf(reached), at }] : [],
    )
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return levels.map((level, rank) => {
    const reached = proven >= rank;
    const first = rank === 0 ? backup.completed_at : (ended.find((one) => one.rank >= rank)?.at ?? null);
    return { level, reached, at: reached ? first : null };
  });
}

/** How fast an attempt goes; null where nothing can be told yet. */
export function bytesPerSecond(bytes: number, startedAt: string | undefined, now: Date): number | null {
  const seconds = startedAt === undefined ? 0 : (now.getTime() - Date.parse(startedAt)) / 1000;
  return bytes > 0 && seconds > 1 ? bytes / seconds : null;
}
