export const calendarPeriods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type CalendarPeriod = (typeof calendarPeriods)[number];

/** What the clocks of a zone show, as if that were UTC. */
export interface LocalTime {
  /** Milliseconds since 1970-01-01 00:00 on those clocks, to the second. */
  local: number;
  /** How far they are ahead of UTC, in milliseconds. */
  offset: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** 1970-01-01 was a Thursday; weeks begin on Monday (ISO 8601). */
const daysSinceMonday = 3;

const clocks = new Map<string, Intl.DateTimeFormat>();
/** Zones have several spellings, and a clock is dear to make: so many are kept. */
const mostClocks = 500;

/** @throws RangeError when the zone is not an IANA name */
export function localTime(timezone: string, at: Date): LocalTime {
  const shown = clockOf(timezone).format(at);
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = shown.match(/\d+/g)?.map(Number) ?? [];
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return { local, offset: local - Math.floor(at.getTime() / 1000) * 1000 };
}

function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known) return known;
  if (clocks.size >= mostClocks) clocks.clear();
  const number = 'numeric';
  const fields = { year: number, month: number, day: number, hour: number, minute: number, second: number } as const;
  const clock = new Intl.DateTimeFormat('en-US', { timeZone: timezone, hourCycle: 'h23', ...fields });
  clocks.set(timezone, clock);
  return clock;
}

/**
 * Identifies the calendar period that a time lies in. The hour that comes twice when the clocks go back is two hours; a day
 * of 23 or 25 hours is one day.
 */
export function periodKey(period: CalendarPeriod, { local, offset }: LocalTime): number {
  switch (period) {
    case 'hourly':
      return Math.floor(local / hourMs) * hourMs - offset;
    case 'daily':
      return Math.floor(local / dayMs);
    case 'weekly':
      return Math.floor((Math.floor(local / dayMs) + daysSinceMonday) / 7);
    case 'monthly':
      return new Date(local).getUTCFullYear() * 12 + new Date(local).getUTCMonth();
    case 'yearly':
      return new Date(local).getUTCFullYear();
  }
}

/** The period that a time lies in, for people: `2026-03-29 02:00`, `2026-03-29`, `the week of 2026-03-23`, `2026-03`, `2026`. */
export function periodName(period: CalendarPeriod, time: LocalTime): string {
  const written = new Date(time.local).toISOString();
  switch (period) {
    case 'hourly':
      return `${written.slice(0, 10)} ${written.slice(11, 13)}:00`;
    case 'daily':
      return written.slice(0, 10);
    case 'weekly': {
      const monday = (periodKey('weekly', time) * 7 - daysSinceMonday) * dayMs;
      return `the week of ${new Date(monday).toISOString().slice(0, 10)}`;
    }
    case 'monthly':
      return written.slice(0, 7);
    case 'yearly':
      return written.slice(0, 4);
  }
}
