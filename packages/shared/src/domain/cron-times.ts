import { Cron, CronPattern } from 'croner';
import { Zone, type ZoneSegment } from './zone.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** More than any offset from UTC, and than any change of a clock. */
const reachMs = 26 * hourMs;
/** Weekdays and days of the month, also both together, repeat themselves within so many of the days that match. */
const daysLookedAt = 40;
const yearsLookedAt = 9;

/**
 * The times of a cron expression in a time zone, as moments. The expression is matched against the local clock, and the
 * rules for days on which that clock is changed are these:
 * - A local time comes at the first moment at which the clock shows it *or a later one*: one that is skipped comes right
 *   after the gap (all that one gap skips together, once), and one that is shown twice comes the first time.
 * - An expression that matches every hour of the day also comes in the repeated stretch, as an hour would be left out
 *   otherwise.
 */
export class CronTimes {
  readonly #zone: Zone;
  readonly #cron: Cron;
  readonly #pattern: CronPattern;
  readonly #everyHour: boolean;
  #secondsOfDay: number[] | undefined;

  /** @throws Error that says what is wrong with the expression; RangeError when there is no such zone */
  constructor({ cron, timezone }: { cron: string; timezone: string }) {
    this.#zone = new Zone(timezone);
    this.#pattern = new CronPattern(cron);
    this.#cron = new Cron(cron, { utcOffset: 0, paused: true });
    this.#everyHour = this.#pattern.hour.every((matches) => matches !== 0);
  }

  /** The first time strictly after `after`, or null when there is none. */
  next(after: Date): Date | null {
    const moment = after.getTime();
    const around = this.#zone.segments(moment - reachMs, moment + reachMs);
    const local = this.#nextLocal(shownUntil(around, moment));
    const first = local === null ? null : this.#firstShown(local);
    const repeated = this.#everyHour ? this.#nextRepeated(around, moment) : null;
    const next = first === null || repeated === null ? (first ?? repeated) : Math.min(first, repeated);
    return next === null ? null : new Date(next);
  }

  /** Whether the moment is one of the times. */
  has(moment: Date): boolean {
    return this.next(new Date(moment.getTime() - 1))?.getTime() === moment.getTime();
  }

  /** How many times there are after `after` up to and with `until`; quick for years of seconds. */
  count(after: Date, until: Date): number {
    const [from, to] = [after.getTime(), until.getTime()];
    if (from >= to) return 0;
    const segments = this.#zone.segments(from - reachMs, to + 1);
    let count = this.#countLocal(shownUntil(segments, from), shownUntil(segments, to));
    for (const { gap, repeated } of changes(segments)) {
      // All that a gap skips, and what its end matches, are one.
      if (gap && gap.moment > from && gap.moment <= to) {
        count -= Math.max(0, this.#countLocal(gap.local - 1, gap.localEnd) - 1);
      }
      if (repeated && this.#everyHour) {
        const [start, end] = [Math.max(repeated.start - 1, from), Math.min(repeated.end - 1, to)];
        if (start < end) count += this.#countLocal(start + repeated.offset, end + repeated.offset);
      }
    }
    return count;
  }

  /** The newest `count` times, or as many as there are, after `after` up to and with `until`, oldest first. */
  newest(count: number, after: Date, until: Date): Date[] {
    let [start, end] = [after.getTime(), until.getTime()];
    if (start >= end) return [];
    // Backwards to where there are enough, and then as near as whole seconds bring it.
    let width = 60_000;
    while (end - width > start && this.count(new Date(end - width), until) < count) width *= 2;
    start = Math.max(start, end - width);
    while (end - start > 1000) {
      const middle = Math.floor((start + end) / 2);
      if (this.count(new Date(middle), until) >= count) start = middle;
      else end = middle;
    }
    const found: Date[] = [];
    for (let next = this.next(new Date(start)); next && next <= until; next = this.next(next)) found.push(next);
    return found.slice(-count);
  }

  /**
   * The longest stretch without a time, in milliseconds of the local clock, between the times of the first days after `after`
   * that have any: as many as show every rhythm of weeks and months, and no more than nine years of them. Null where there is no second time.
   */
  longestGap(after: Date): number | null {
    const seconds = (this.#secondsOfDay ??= secondsOfDay(this.#pattern));
    const [first, last] = [seconds[0], seconds.at(-1)];
    if (first === undefined || last === undefined) return null;
    let longest =
      seconds.reduce((most, second, index) => Math.max(most, second - (seconds[index - 1] ?? second)), 0) * 1000;
    let day: number | null = null;
    let end = Infinity;
    let next = this.#nextLocal(after.getTime());
    for (let days = 0; days < daysLookedAt && next !== null && next < end; days += 1) {
      const found = Math.floor(next / dayMs);
      if (day === null) end = next + yearsLookedAt * 366 * dayMs;
      else longest = Math.max(longest, (found - day) * dayMs + (first - last) * 1000);
      day = found;
      next = this.#nextLocal((found + 1) * dayMs - 1);
    }
    return longest === 0 ? null : longest;
  }

  /** The first matching local time after `local`. */
  #nextLocal(local: number): number | null {
    return this.#cron.nextRun(new Date(local))?.getTime() ?? null;
  }

  /** The first moment at which the zone's clock shows that time or a later one. */
  #firstShown(local: number): number {
    const segments = this.#zone.segments(local - reachMs, local + reachMs);
    const found = segments.find(({ end, offset }) => local < end + offset) ?? segments[0];
    return Math.max(found.start, local - found.offset);
  }

  /** The first match after `moment` that the clock shows for the second time, in the given stretches. */
  #nextRepeated(segments: readonly ZoneSegment[], moment: number): number | null {
    for (const { repeated } of changes(segments)) {
      if (!repeated || repeated.end <= moment) continue;
      const local = this.#nextLocal(Math.max(repeated.start - 1, moment) + repeated.offset);
      if (local !== null && local - repeated.offset < repeated.end) return local - repeated.offset;
    }
    return null;
  }

  /** How many local times match after `after` up to and with `until`, going from day to day. */
  #countLocal(after: number, until: number): number {
    let count = 0;
    for (let next = this.#nextLocal(after); next !== null && next <= until;) {
      const day = Math.floor(next / dayMs) * dayMs;
      count += this.#countOfDay(until - day) - this.#countOfDay(after - day);
      next = this.#nextLocal(day + dayMs - 1);
    }
    return count;
  }

  /** How many times a matching day has up to that many milliseconds after its midnight. */
  #countOfDay(until: number): number {
    const seconds = (this.#secondsOfDay ??= secondsOfDay(this.#pattern));
    let [low, high] = [0, seconds.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((seconds[middle] ?? 0) * 1000 <= until) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The latest time that the clock has shown up to and with `moment`. */
function shownUntil(segments: readonly ZoneSegment[], moment: number): number {
  const shown = segments
    .filter(({ start }) => start <= moment)
    .map(({ end, offset }) => Math.min(end - 1, moment) + offset);
  return Math.max(...shown);
}

interface Change {
  /** From `local` until before `localEnd` nothing is shown; the clock goes on with `localEnd` at `moment`. */
  gap?: { moment: number; local: number; localEnd: number };
  /** What the clock shows for the second time. */
  repeated?: ZoneSegment;
}

function changes(segments: readonly ZoneSegment[]): Change[] {
  return segments.slice(1).map(({ start, end, offset }, index) => {
    const before = segments[index]?.offset ?? offset;
    return offset > before
      ? { gap: { moment: start, local: start + before, localEnd: start + offset } }
      : { repeated: { start, end: Math.min(end, start + before - offset), offset } };
  });
}

function secondsOfDay({ hour, minute, second }: CronPattern): number[] {
  const matching = (field: readonly number[]): number[] => [...field.keys()].filter((value) => field[value] !== 0);
  const seconds = matching(second);
  return matching(hour).flatMap((h) => matching(minute).flatMap((m) => seconds.map((s) => h * 3600 + m * 60 + s)));
}
