import { expect } from 'chai';
import * as fc from 'fast-check';
import { cadence, cronForHours, cronProblem, hoursOfCron, nextTick } from './schedule.ts';

const ticks = (schedule: { cron: string; timezone: string }, from: string, count: number): string[] => {
  const found: string[] = [];
  let after = new Date(from);
  while (found.length < count) {
    const tick = nextTick(schedule, after);
    if (!tick) break;
    found.push(tick.toISOString());
    after = tick;
  }
  return found;
};

describe('the next tick', () => {
  const cron = fc.constantFrom('* * * * *', '*/15 * * * *', '0 3 * * *', '30 2 * * *', '0 0 1 * *', '*/10 * * * * *');
  const timezone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe');
  const moment = fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });

  it('is strictly after the given time, and none lies between', () => {
    const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const property = fc.property(cron, timezone, moment, share, (cron, timezone, after, share) => {
      const tick = nextTick({ cron, timezone }, after);
      if (!tick) throw new Error(`${cron} has no tick after ${after.toISOString()}.`);
      expect(tick.getTime()).to.be.greaterThan(after.getTime());
      const between = new Date(after.getTime() + Math.floor((tick.getTime() - after.getTime()) * share));
      expect(nextTick({ cron, timezone }, between)).to.deep.equal(tick);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('comes once a day when the clocks go back and the hour comes twice', () => {
    const nightly = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
    expect(ticks(nightly, '2026-10-24T12:00:00Z', 2)).to.deep.equal([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('comes once on the day when the clocks go forward and the hour does not exist', () => {
    const nightly = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
    expect(ticks(nightly, '2026-03-28T12:00:00Z', 2)).to.deep.equal([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  it('of a quarter-hourly schedule leaves no gap and comes at no time twice when the clocks change', () => {
    for (const from of ['2026-10-24T22:00:00Z', '2026-03-28T22:00:00Z']) {
      const expected = Array.from({ length: 24 }, (_, index) => Date.parse(from) + (index + 1) * 15 * 60_000);
      const found = ticks({ cron: '*/15 * * * *', timezone: 'Europe/Berlin' }, from, 24);
      expect(found.map((tick) => Date.parse(tick))).to.deep.equal(expected);
    }
  });

  it('keeps to the time zone of the schedule on both sides of a change', () => {
    const morning = { cron: '0 9 * * *', timezone: 'America/New_York' };
    expect(ticks(morning, '2026-10-31T00:00:00Z', 2)).to.deep.equal([
      '2026-10-31T13:00:00.000Z',
      '2026-11-01T14:00:00.000Z',
    ]);
  });

  it('knows seconds when six fields are given', () => {
    expect(ticks({ cron: '*/20 * * * * *', timezone: 'UTC' }, '2026-11-20T03:00:00Z', 2)).to.deep.equal([
      '2026-11-20T03:00:20.000Z',
      '2026-11-20T03:00:40.000Z',
    ]);
  });
});

describe('a cron expression', () => {
  it('that is valid has no problem', () => {
    for (const cron of ['0 3 * * *', '*/5 * * * * *', '0 0 29 2 *', '0 9-17 * * 1-5']) {
      expect(cronProblem(cron, 'Europe/Paris'), cron).to.equal(null);
    }
  });

  it('that names a year is refused, as it would end without a word', () => {
    for (const cron of ['0 0 3 1 1 * 2020', '* * * * * * *', '0 0 3 * * * 2030']) {
      expect(cronProblem(cron, 'UTC')).to.deep.equal({
        field: 'cron',
        message: 'A cron expression has five fields, or six with seconds in front.',
      });
    }
    expect(cronProblem(' 0  0 3 * * * ', 'UTC')).to.equal(null);
  });

  it('that is not valid, or never comes due, is told in a sentence by its field', () => {
    for (const cron of ['', 'often', '61 * * * *', '* * *', '0 0 30 2 *']) {
      expect(cronProblem(cron, 'UTC'), cron).to.include({ field: 'cron' });
    }
    const problem = cronProblem('0 3 * * *', 'Mars/Olympus');
    expect(problem?.field).to.equal('timezone');
    expect(problem?.message).to.contain('Mars/Olympus').and.contain('Europe/Paris');
  });
});

describe('the hours of a periodic setting', () => {
  const hours = fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 24 });

  it('come back from their cron expression, sorted', () => {
    const property = fc.property(hours, (hours) => {
      expect(hoursOfCron(cronForHours(hours))).to.deep.equal(hours.toSorted((a, b) => a - b));
      expect(cronProblem(cronForHours(hours), 'UTC')).to.equal(null);
    });
    fc.assert(property);
  });

  it('are none when the schedule is of another kind', () => {
    for (const cron of ['30 3 * * *', '0 3 * * 1', '*/5 * * * *']) expect(hoursOfCron(cron)).to.deep.equal([]);
  });
});

describe('the cadence of a schedule', () => {
  const words: [string, string][] = [
    ['*/10 * * * * *', 'hourly'],
    ['*/5 * * * *', 'hourly'],
    ['0 * * * *', 'hourly'],
    ['0 9-17 * * 1-5', 'hourly'],
    ['0 3,15 * * *', 'hourly'],
    ['30 2 * * *', 'daily'],
    ['0 3 * * 1-5', 'daily'],
    ['0 3 * * 1,4', 'daily'],
    ['0 3 * * 0', 'weekly'],
    ['0 3 1,15 * *', 'weekly'],
    ['0 3 1 * *', 'monthly'],
    ['0 3 1 1 *', 'monthly'],
    ['0 0 29 2 *', 'monthly'],
  ];
  const day = fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });
  const timezone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');

  for (const [cron, word] of words) {
    it(`of ${cron} is ${word}, whenever one looks and whatever the clocks do`, () => {
      const property = fc.property(timezone, day, (timezone, at) => {
        expect(cadence({ cron, timezone }, at)).to.equal(word);
      });
      fc.assert(property, { numRuns: 50 });
    });
  }
});
