import { expect } from 'chai';
import * as fc from 'fast-check';
import { catchUpPolicies, nextTick, type CatchUpPolicy } from '@holdfast/shared/domain';
import { dueTicks, graceMs, jitterMs, ticksPerTurn } from './ticks.ts';

const id = '01937b7c-0000-7000-8000-000000000000';
const daily = { id, cron: '0 3 * * *', timezone: 'UTC', jitterSeconds: 0 };
const at = (text: string): Date => new Date(`2026-11-${text}:00Z`);
const days = (...numbers: number[]): Date[] => numbers.map((day) => at(`${day}T03:00`));

describe('the ticks of a schedule', () => {
  for (const catchUp of catchUpPolicies) {
    it(`that are on time have a backup each under "${catchUp}"`, () => {
      const due = dueTicks({ ...daily, catchUp }, at('20T03:00'), new Date(at('20T03:00').getTime() + graceMs));
      expect(due).to.deep.equal({ run: days(20), dropped: null, next: at('21T03:00') });
      const fast = { ...daily, cron: '*/5 * * * * *', catchUp };
      expect(dueTicks(fast, at('20T03:00'), new Date(at('20T03:00').getTime() + 12_000)).run).to.have.length(3);
    });

    it(`that are not due wait under "${catchUp}"`, () => {
      const due = dueTicks({ ...daily, catchUp }, at('20T03:00'), at('20T02:59'));
      expect(due).to.deep.equal({ run: [], dropped: null, next: at('20T03:00') });
    });
  }

  const afterFourDays = (catchUp: CatchUpPolicy) => dueTicks({ ...daily, catchUp }, at('20T03:00'), at('24T02:00'));
  it('that were missed are dropped under "skip"', () => {
    expect(afterFourDays('skip')).to.deep.equal({ run: [], dropped: at('23T03:00'), next: at('24T03:00') });
  });
  it('that were missed have one backup for the newest under "once"', () => {
    expect(afterFourDays('once')).to.deep.equal({ run: days(23), dropped: null, next: at('24T03:00') });
  });
  it('that were missed have a backup each under "all"', () => {
    expect(afterFourDays('all')).to.deep.equal({ run: days(20, 21, 22, 23), dropped: null, next: at('24T03:00') });
  });

  it('that were missed have no backup of their own under "once" where one on time makes it', () => {
    const due = dueTicks({ ...daily, catchUp: 'once' }, at('20T03:00'), at('24T03:00'));
    expect(due).to.deep.equal({ run: days(24), dropped: at('23T03:00'), next: at('25T03:00') });
  });

  it('that were missed in great number are answered a hundred a turn, none of them lost', () => {
    const schedule = { ...daily, cron: '* * * * *', catchUp: 'all' } as const;
    const now = at('20T10:00');
    const answered: Date[] = [];
    let first: Date | null = at('20T03:00');
    while (first && first <= now) {
      const due = dueTicks(schedule, first, now);
      expect(due.run.length).to.be.within(1, ticksPerTurn);
      answered.push(...due.run);
      first = due.next;
    }
    expect(answered).to.have.length(7 * 60 + 1);
    expect(new Set(answered.map(Number))).to.have.property('size', answered.length);
  });

  it('of ten years of seconds are gone through at once', () => {
    const due = dueTicks({ ...daily, cron: '* * * * * *', catchUp: 'skip' }, new Date('2016-11-20'), at('20T03:00'));
    expect(due.dropped).to.deep.equal(new Date(at('20T03:00').getTime() - graceMs - 1000));
    expect(due.run).to.have.length(61);
  });

  it('are one after the other, without a gap and within the policy, whatever the schedule', () => {
    const cron = fc.constantFrom('*/7 * * * *', '0 * * * *', '30 2 * * *', '0 3 * * 1', '15 4 1 * *', '0 0 29 2 *');
    const timezone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');
    const start = fc.date({ min: new Date('2024-01-01'), max: new Date('2027-01-01'), noInvalidDate: true });
    const awaySeconds = fc.integer({ min: 0, max: 40 * 86_400 });
    const jitterSeconds = fc.integer({ min: 0, max: 7200 });
    const property = fc.property(
      fc.record({ id: fc.uuid(), cron, timezone, catchUp: fc.constantFrom(...catchUpPolicies), jitterSeconds }),
      start,
      awaySeconds,
      (schedule, start, seconds) => {
        const first = nextTick(schedule, start);
        if (!first) return;
        const now = new Date(start.getTime() + seconds * 1000);
        const { run, dropped, next } = dueTicks(schedule, first, now);
        const due = now.getTime() - jitterMs(schedule);
        const answered = [dropped, ...run].filter((tick) => tick !== null);
        for (const tick of answered) expect(Number(tick)).to.be.within(Number(first), due);
        for (const [index, tick] of answered.entries()) {
          expect(nextTick(schedule, tick)).to.deep.equal(answered[index + 1] ?? next);
        }
        if (answered.length === 0) expect(next).to.deep.equal(first);
        if (run.length < ticksPerTurn && next) expect(Number(next)).to.be.greaterThan(due);
        if (dropped) expect(Number(dropped)).to.be.lessThan(due - graceMs);
        if (schedule.catchUp === 'skip') for (const tick of run) expect(Number(tick)).to.be.at.least(due - graceMs);
        if (schedule.catchUp === 'all') expect(dropped).to.equal(null);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('are put off by a fixed share of the jitter that differs from schedule to schedule', () => {
    const shares = Array.from({ length: 50 }, (_, index) => jitterMs({ id: `schedule ${index}`, jitterSeconds: 600 }));
    for (const share of shares) expect(share).to.be.within(0, 600_000);
    expect(new Set(shares).size).to.be.greaterThan(40);
    expect(jitterMs({ id: 'schedule 0', jitterSeconds: 600 })).to.equal(shares[0]);
    expect(jitterMs({ id: 'schedule 0', jitterSeconds: 0 })).to.equal(0);
  });
});
