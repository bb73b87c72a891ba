import { expect } from 'chai';
import { Random } from '../random.ts';
import { faultKinds } from './index.ts';
import { planFaults } from './plan.ts';

const plan = (seed: string, count: number) => {
  const planned = planFaults(faultKinds, new Random(seed));
  return Array.from({ length: count }, () => planned.next().value).map(({ atMs, kind, forMs, random }) => {
    return { atMs, kind: kind.name, forMs, drawn: random.next() };
  });
};

describe('the plan of a campaign', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(plan('7', 300)).to.deep.equal(plan('7', 300));
    expect(plan('7', 300)).not.to.deep.equal(plan('8', 300));
  });

  it('has every kind of fault once before chance alone decides, and two a second at least', () => {
    const faults = plan('1', 170);
    expect(new Set(faults.map(({ kind }) => kind))).to.have.length(faultKinds.length);
    expect(faults.length / ((faults.at(-1)?.atMs ?? 0) / 1000)).to.be.above(2);
  });
});
