import { expect } from 'chai';
import * as fc from 'fast-check';
import { planParts } from './parts.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const TiB = 1024 ** 4;

/** Cuts an object of this size as an upload does. */
function cut(plan: ReturnType<typeof planParts>, size: number): number[] {
  const parts: number[] = [];
  for (let left = size; left > 0; left -= parts.at(-1) ?? 0) parts.push(Math.min(left, plan.sizeOf(parts.length + 1)));
  return parts;
}

describe('the plan of parts', () => {
  it('holds 5 TiB in 10,000 parts', () => {
    const plan = planParts({ maxParts: 10_000, equalParts: false });
    expect(plan.maxBytes).to.equal(5 * TiB);
    expect(cut(plan, 5 * TiB).length).to.be.at.most(10_000);
  });

  it('holds 500 GiB in 1,000 parts', () => {
    expect(planParts({ maxParts: 1000, equalParts: false }).maxBytes).to.be.at.least(500 * GiB);
  });

  it('keeps parts small as long as the archive is: 8 MiB up to 6 GiB', () => {
    const parts = cut(planParts({ maxParts: 10_000, equalParts: false }), 6 * GiB);
    expect(new Set(parts.map((size) => Math.ceil(size / (8 * MiB))))).to.deep.equal(new Set([1]));
  });

  it('cuts every size that fits into parts that S3 takes', () => {
    const options = fc.record({ maxParts: fc.integer({ min: 1, max: 10_000 }), equalParts: fc.boolean() });
    fc.assert(
      fc.property(options, fc.double({ min: 0, max: 1, noNaN: true }), (chosen, share) => {
        const plan = planParts(chosen);
        const size = Math.max(1, Math.floor(plan.maxBytes * share));
        const parts = cut(plan, size);
        expect(parts.length).to.be.at.most(chosen.maxParts);
        expect(parts.reduce((sum, part) => sum + part, 0)).to.equal(size);
        for (const [index, part] of parts.slice(0, -1).entries()) {
          expect(part).to.be.within(5 * MiB, 5 * GiB);
          expect(part).to.be.at.most(plan.sizeOf(index + 2));
          if (chosen.equalParts) expect(part).to.equal(parts[0]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
