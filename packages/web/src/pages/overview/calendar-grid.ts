import { dayOf } from '../../kit/format.ts';

/** What is looked at of a slot. */
export interface CalendarSlot {
  database_id: string;
  scheduled_for: string;
  status: string;
}

/** From the best to the worst: a day is shown as its worst slot. */
const outcomes = ['planned', 'skipped', 'done', 'running', 'missed', 'error'] as const;
export type Outcome = (typeof outcomes)[number];

export interface CalendarDay {
  /** Null: nothing was planned. */
  worst: Outcome | null;
  counts: Partial<Record<Outcome, number>>;
}

/** The last `count` days, the oldest first, today last. */
export function lastDays(now: Date, count: number): Date[] {
  return Array.from(
    { length: count },
    (_, index) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1 - index)),
  );
}

function outcomeOf(status: string): Outcome {
  if (status === 'done' || status === 'missed' || status === 'skipped' || status === 'planned') return status;
  if (status === 'error' || status === 'failed') return 'error';
  return 'running';
}

/** By database and day, the outcomes of the slots. */
export function groupByDay(slots: readonly CalendarSlot[]): ReadonlyMap<string, ReadonlyMap<string, CalendarDay>> {
  const databases = new Map<string, Map<string, CalendarDay>>();
  for (const { database_id: id, scheduled_for: at, status } of slots) {
    const days = databases.get(id) ?? new Map<string, CalendarDay>();
    databases.set(id, days);
    const key = dayOf(new Date(at));
    const day = days.get(key) ?? { worst: null, counts: {} };
    days.set(key, day);
    const outcome = outcomeOf(status);
    day.counts[outcome] = (day.counts[outcome] ?? 0) + 1;
    if (day.worst === null || outcomes.indexOf(outcome) > outcomes.indexOf(day.worst)) day.worst = outcome;
  }
  return databases;
}

const words: Record<Outcome, string> = {
  error: 'failed',
  missed: 'missed',
  running: 'running',
  done: 'done',
  skipped: 'skipped',
  planned: 'planned',
};

/** `1 failed, 23 done`, the worst first. */
export function dayInWords({ counts }: CalendarDay): string {
  const parts = outcomes.toReversed().flatMap((outcome) => {
    const count = counts[outcome];
    return count === undefined ? [] : [`${count} ${words[outcome]}`];
  });
  return parts.length === 0 ? 'nothing planned' : parts.join(', ');
}
