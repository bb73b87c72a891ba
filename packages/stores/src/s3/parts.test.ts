import { expect } from 'chai';
import * as fc from 'fast-check';
import { planEqualParts, planParts } from './parts.ts';

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

describe('the plan of equal parts', () => {
  const plan = (size: number, maxParts = 10_000) => planEqualParts(size, { maxParts, firstPart: null });

  it('has parts of 64 MiB up to 125 GiB, and then larger ones instead of more', () => {
    expect(plan(1)).to.deep.equal({ partSize: 64 * MiB, count: 1 });
    expect(plan(64 * MiB + 1)).to.deep.equal({ partSize: 64 * MiB, count: 2 });
    expect(plan(125 * GiB)).to.deep.equal({ partSize: 64 * MiB, count: 2000 });
    expect(plan(TiB)).to.deep.equal({ partSize: 576 * MiB, count: Math.ceil(TiB / (576 * MiB)) });
    expect(plan(5 * TiB)).to.deep.equal({ partSize: 2624 * MiB, count: 1999 });
    expect(plan(125 * GiB, 1000)).to.deep.equal({ partSize: 128 * MiB, count: 1000 });
  });

  it('cuts every size that fits into parts that S3 and the destination take, and refuses every other', () => {
    const maxParts = fc.integer({ min: 1, max: 10_000 });
    fc.assert(
      fc.property(maxParts, fc.double({ min: 0, max: 1.5, noNaN: true }), (maxParts, share) => {
        const maxBytes = Math.min(5 * TiB, maxParts * 5 * GiB);
        const size = Math.max(1, Math.floor(maxBytes * share));
        if (size > maxBytes) {
          expect(() => plan(size, maxParts))
            .to.throw()
            .with.property('code', 'store_too_large');
          return;
        }
        const { partSize, count } = plan(size, maxParts);
        expect(partSize).to.be.within(5 * MiB, 5 * GiB);
        expect(count).to.equal(Math.ceil(size / partSize));
        expect(count).to.be.within(1, maxParts);
      }),
      {
        numRuns: 500,
        examples: [
          [1000, 1],
          [10_000, 1],
          [1, 1],
          [1024, 1],
        ],
      },
    );
  });
});
