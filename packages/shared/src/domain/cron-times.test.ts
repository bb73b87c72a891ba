import { expect } from 'chai';
import * as fc from 'fast-check';
import { CronTimes } from './cron-times.ts';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

/** Zones with every kind of change: an hour, half an hour, at midnight, at another time each year, a whole day, none. */
const zones: [string, ...string[]] = [
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Santiago',
  'America/Havana',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Pacific/Apia',
  'UTC',
];

/** A field as the text of the expression and as what it matches. */
interface Field {
  text: string;
  values: readonly number[];
}
const field = (lowest: number, highest: number): fc.Arbitrary<Field> => {
  const all = Array.from({ length: highest - lowest + 1 }, (_, index) => lowest + index);
  const value = fc.integer({ min: lowest, max: highest });
  const pair = fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  return fc.oneof(
    fc.constant({ text: '*', values: all }),
    value.map((one) => ({ text: String(one), values: [one] })),
    fc.uniqueArray(value, { minLength: 2, maxLength: 4 }).map((values) => ({ text: values.join(','), values })),
    pair.map(([a, b]) => ({ text: `${a}-${b}`, values: all.filter((one) => one >= a && one <= b) })),
    fc.constantFrom(2, 5, 7, 15).map((step) => ({ text: `*/${step}`, values: all.filter((_, i) => i % step === 0) })),
  );
};
interface Expression {
  cron: string;
  everyHour: boolean;
  /** Of a local time, written as if it were UTC's. */
  matches(local: Date): boolean;
}
const weekday: fc.Arbitrary<Field> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ text: '*', values: [0, 1, 2, 3, 4, 5, 6] }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ text: '0,6', values: [0, 6] }, { text: '1-5', values: [1, 2, 3, 4, 5] }),
  },
);
const expression: fc.Arbitrary<Expression> = fc
  .record({
    minute: field(0, 59),
    hour: field(0, 23),
    // A time at which clocks change, more often than by chance.
    night: fc.boolean(),
    nightHour: fc.constantFrom(0, 1, 2, 3, 23),
    weekday,
  })
  .map(({ minute, hour: anyHour, night, nightHour, weekday }) => {
    const hour = night ? { text: String(nightHour), values: [nightHour] } : anyHour;
    return {
      cron: `${minute.text} ${hour.text} * * ${weekday.text}`,
      everyHour: hour.values.length === 24,
      matches: (local) =>
        minute.values.includes(local.getUTCMinutes()) &&
        hour.values.includes(local.getUTCHours()) &&
        weekday.values.includes(local.getUTCDay()),
    };
  });

/** What the clock of a zone shows, by the parts that the runtime's calendar prints. */
function clockOf(timezone: string): (moment: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
  return (moment) => Date.parse(`${format.format(moment).replace(' ', 'T')}Z`);
}

/**
 * The rules, spelt out minute by minute: every matching minute of the local calendar is answered at the first minute at which
 * the clock shows it or a later one, and each one that is shown again only by expressions of every hour.
 */
function reference({ matches, everyHour }: Expression, timezone: string, after: number, until: number): number[] {
  const clock = clockOf(timezone);
  const found = new Set<number>();
  // What was shown already is decided by the hours before: no clock goes back by more.
  const before = after - 240 * minuteMs;
  let shown = clock(before);
  for (let moment = before + minuteMs; moment <= until; moment += minuteMs) {
    const local = clock(moment);
    if (local <= shown && everyHour && matches(new Date(local))) found.add(moment);
    for (; shown < local; shown += minuteMs) if (matches(new Date(shown + minuteMs))) found.add(moment);
  }
  return [...found].filter((moment) => moment > after);
}

function timesOf(times: CronTimes, after: number, until: number): number[] {
  const found: number[] = [];
  for (let next = times.next(new Date(after)); next && next.getTime() <= until; next = times.next(next)) {
    found.push(next.getTime());
  }
  return found;
}

/** Every moment from 2011 to 2029 at which the clock of the zone is changed, to half a day before. */
const changesOf = (timezone: string): number[] => {
  const clock = clockOf(timezone);
  const step = dayMs / 2;
  const found: number[] = [];
  let shown = clock(Date.UTC(2011, 0));
  for (let moment = Date.UTC(2011, 0); moment < Date.UTC(2030, 0); moment += step) {
    const next = clock(moment + step);
    if (next - shown !== step) found.push(moment);
    shown = next;
  }
  return found;
};

describe('the times of a cron expression', () => {
  it('answer every matching local minute exactly once, around every change of clocks', () => {
    const changes = new Map(zones.map((timezone) => [timezone, changesOf(timezone)]));
    const place = fc.constantFrom(...zones).chain((timezone) => {
      const known = changes.get(timezone) ?? [];
      const change = known.length > 0 ? fc.constantFrom(...known) : fc.constant(Date.UTC(2026, 2, 29));
      return fc.record({ timezone: fc.constant(timezone), change });
    });
    const property = fc.property(
      expression,
      place,
      fc.integer({ min: 0, max: 400 }),
      (one, { timezone, change }, early) => {
        const [after, until] = [change - early * minuteMs, change + 960 * minuteMs];
        const times = new CronTimes({ cron: one.cron, timezone });
        const expected = reference(one, timezone, after, until);
        expect(timesOf(times, after, until)).to.deep.equal(expected);
        expect(times.count(new Date(after), new Date(until))).to.equal(expected.length);
      },
    );
    fc.assert(property, { numRuns: 50 });
  });

  const at = (cron: string, timezone: string, after: string, until: string): string[] =>
    timesOf(new CronTimes({ cron, timezone }), Date.parse(after), Date.parse(until)).map((time) =>
      new Date(time).toISOString().slice(0, 16),
    );

  const skipped: [zone: string, cron: string, after: string, until: string, times: string[]][] = [
    ['Europe/Berlin', '30 2 * * *', '2026-03-28T12:00Z', '2026-03-29T12:00Z', ['2026-03-29T01:00']],
    ['Europe/Berlin', '10,50 2 * * *', '2026-03-28T12:00Z', '2026-03-29T12:00Z', ['2026-03-29T01:00']],
    ['Europe/Berlin', '*/20 2 * * *', '2026-03-28T12:00Z', '2026-03-29T12:00Z', ['2026-03-29T01:00']],
    ['Europe/Berlin', '0 2,3 * * *', '2026-03-28T12:00Z', '2026-03-29T12:00Z', ['2026-03-29T01:00']],
    ['America/New_York', '30 2 * * 0', '2026-03-07T12:00Z', '2026-03-08T20:00Z', ['2026-03-08T07:00']],
    ['Australia/Lord_Howe', '15 2 * * *', '2026-10-03T00:00Z', '2026-10-04T00:00Z', ['2026-10-03T15:30']],
    ['Africa/Cairo', '0 0 * * *', '2026-04-23T12:00Z', '2026-04-24T12:00Z', ['2026-04-23T22:00']],
    ['America/Santiago', '5 0 * * *', '2026-09-05T12:00Z', '2026-09-06T12:00Z', ['2026-09-06T04:00']],
    ['Pacific/Apia', '0 3 * * *', '2011-12-29T20:00Z', '2011-12-31T00:00Z', ['2011-12-30T10:00', '2011-12-30T13:00']],
  ];
  for (const [zone, cron, after, until, times] of skipped) {
    it(`come right after the gap that skips them, once: ${cron} in ${zone}`, () => {
      expect(at(cron, zone, after, until)).to.deep.equal(times);
    });
  }

  const doubled: [zone: string, cron: string, after: string, until: string, times: string[]][] = [
    ['Europe/Berlin', '30 2 * * *', '2026-10-24T12:00Z', '2026-10-25T12:00Z', ['2026-10-25T00:30']],
    [
      'Europe/Berlin',
      '0,30 2 * * *',
      '2026-10-24T12:00Z',
      '2026-10-25T12:00Z',
      ['2026-10-25T00:00', '2026-10-25T00:30'],
    ],
    [
      'Europe/Berlin',
      '0 */2 * * *',
      '2026-10-24T23:00Z',
      '2026-10-25T04:00Z',
      ['2026-10-25T00:00', '2026-10-25T03:00'],
    ],
    ['America/New_York', '30 1 * * 0', '2026-10-31T12:00Z', '2026-11-01T20:00Z', ['2026-11-01T05:30']],
    ['Australia/Lord_Howe', '45 1 * * *', '2026-04-04T00:00Z', '2026-04-05T00:00Z', ['2026-04-04T14:45']],
    ['America/Santiago', '30 23 * * *', '2026-04-04T12:00Z', '2026-04-05T12:00Z', ['2026-04-05T02:30']],
  ];
  for (const [zone, cron, after, until, times] of doubled) {
    it(`come the first time that the clock shows them: ${cron} in ${zone}`, () => {
      expect(at(cron, zone, after, until)).to.deep.equal(times);
    });
  }

  it('of every hour go on through the hour that comes twice', () => {
    expect(at('30 * * * *', 'Europe/Berlin', '2026-10-24T23:00Z', '2026-10-25T03:00Z')).to.deep.equal([
      '2026-10-24T23:30',
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-25T02:30',
    ]);
    expect(at('0 0-23 * * *', 'Europe/Berlin', '2026-10-24T23:30Z', '2026-10-25T02:00Z')).to.have.length(3);
  });

  it('keep to the quarters of an hour where the offset is none of whole hours', () => {
    expect(at('0 3 * * *', 'Asia/Kathmandu', '2026-03-01T00:00Z', '2026-03-02T00:00Z')).to.deep.equal([
      '2026-03-01T21:15',
    ]);
  });

  it('are counted and the newest are found as if each was looked at, with seconds too', () => {
    const cron = fc.constantFrom('*/20 * * * * *', '5,40 */10 1-3 * * *', '* * * * *', '0 3 * * *', '0 0 1 * *');
    const moment = fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });
    const hours = fc.integer({ min: 0, max: 60 });
    const property = fc.property(
      cron,
      fc.constantFrom(...zones),
      moment,
      hours,
      fc.integer({ min: 1, max: 20 }),
      (cron, timezone, after, hours, wanted) => {
        const until = new Date(after.getTime() + hours * 3_600_000);
        const times = new CronTimes({ cron, timezone });
        const all = timesOf(times, after.getTime(), until.getTime());
        expect(times.count(after, until)).to.equal(all.length);
        expect(times.newest(wanted, after, until).map(Number)).to.deep.equal(all.slice(-wanted));
        for (const time of all.slice(0, 3)) expect(times.has(new Date(time))).to.equal(true);
        expect(times.has(new Date(after.getTime() + 1 - (after.getTime() % 1000)))).to.equal(false);
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  it('of ten years of seconds are counted at once', () => {
    const times = new CronTimes({ cron: '* * * * * *', timezone: 'Europe/Berlin' });
    const [after, until] = [new Date('2016-01-01T00:00Z'), new Date('2026-01-01T00:00Z')];
    expect(times.count(after, until)).to.equal((until.getTime() - after.getTime()) / 1000);
    expect(times.newest(3, after, until).map((time) => time.toISOString().slice(17, 19))).to.deep.equal([
      '58',
      '59',
      '00',
    ]);
  });
});
