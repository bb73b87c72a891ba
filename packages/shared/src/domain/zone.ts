import { localTime } from './calendar.ts';

/** A stretch of time through which a zone's clocks are not changed. */
export interface ZoneSegment {
  /** Milliseconds since 1970, the first moment that belongs to it. */
  start: number;
  /** The first moment that does not. */
  end: number;
  /** Milliseconds that local time is ahead of UTC. */
  offset: number;
}

/** Clocks are looked at in steps of this; no zone has changed and changed back within one. */
const stepMs = 36 * 3_600_000;

/** The clock changes of a time zone. Local times are milliseconds too: those of UTC's clock when it shows the same. */
export class Zone {
  readonly #timezone: string;

  constructor(timezone: string) {
    this.#timezone = timezone;
  }

  offsetAt(moment: number): number {
    return localTime(this.#timezone, new Date(moment)).offset;
  }

  /** The stretches that make up the time from `start` to `end`, oldest first; there is at least one. */
  segments(start: number, end: number): [ZoneSegment, ...ZoneSegment[]] {
    const first = { start, end: start, offset: this.offsetAt(start) };
    const segments: [ZoneSegment, ...ZoneSegment[]] = [first];
    let last: ZoneSegment = first;
    for (let from = start; from < end;) {
      const to = Math.min(from + stepMs, end);
      if (this.offsetAt(to) === last.offset) {
        last.end = to;
      } else {
        last.end = this.#change(from, to, last.offset);
        last = { start: last.end, end: last.end, offset: this.offsetAt(last.end) };
        segments.push(last);
      }
      from = Math.max(last.end, from + 1);
    }
    return segments;
  }

  /** The first moment after `before` whose offset is not that of `before`; `after` is known to be later. */
  #change(before: number, after: number, offset: number): number {
    let [unchanged, changed] = [before, after];
    while (changed - unchanged > 1) {
      const middle = Math.floor((unchanged + changed) / 2);
      if (this.offsetAt(middle) === offset) unchanged = middle;
      else changed = middle;
    }
    return changed;
  }
}
