import { expect } from 'chai';
import * as fc from 'fast-check';
import { catchUpPolicies } from '@holdfast/shared/domain';
import { decide, jitterMs, type PlannedSlot } from './ticks.ts';

const now = new Date('2026-11-20T03:00:00Z');
const graceSeconds = 60;
const ago = (seconds: number, covers = 1): PlannedSlot => {
  const at = new Date(now.getTime() - seconds * 1000);
  return { scheduledFor: at, runAt: at, covers };
};

describe('the due slots of a schedule', () => {
  for (const catchUp of catchUpPolicies) {
    it(`are simply run within the grace under "${catchUp}"`, () => {
      const due = [ago(60), ago(30), ago(0)];
      expect(decide({ catchUp, graceSeconds }, due, now)).to.deep.equal({ run: due, dropped: [] });
    });
  }

  const late = [ago(5000, 300), ago(600), ago(300), ago(61)];
  const policy = (catchUp: (typeof catchUpPolicies)[number]) => ({ catchUp, graceSeconds });
  it('that are late are dropped under "skip"', () => {
    expect(decide(policy('skip'), late, now)).to.deep.equal({ run: [], dropped: late });
  });
  it('that are late have the newest run for all under "once"', () => {
    expect(decide(policy('once'), late, now)).to.deep.equal({ run: late.slice(3), dropped: late.slice(0, 3) });
  });
  it('that are late need none of their own under "once" where one is on time', () => {
    const onTime = ago(10);
    expect(decide(policy('once'), [...late, onTime], now)).to.deep.equal({ run: [onTime], dropped: late });
  });
  it('that are late are each run under "all", but for those that share a row', () => {
    expect(decide(policy('all'), late, now)).to.deep.equal({ run: late.slice(1), dropped: late.slice(0, 1) });
  });

  it('are each either run or dropped, in their order, whatever the policy and the grace', () => {
    const seconds = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 12 });
    const property = fc.property(
      fc.constantFrom(...catchUpPolicies),
      fc.nat(200),
      seconds,
      (catchUp, grace, seconds) => {
        const due = seconds.toSorted((a, b) => b - a).map((one) => ago(one));
        const { run, dropped } = decide({ catchUp, graceSeconds: grace }, due, now);
        expect([...run, ...dropped]).to.have.members(due);
        expect(run).to.deep.equal(due.filter((slot) => run.includes(slot)));
        if (catchUp !== 'skip' && due.length > 0) expect(run).to.include(due.at(-1));
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
