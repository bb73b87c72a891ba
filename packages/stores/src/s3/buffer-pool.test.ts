import { expect } from 'chai';
import * as fc from 'fast-check';
import { BufferPool } from './buffer-pool.ts';

describe('the pool of part buffers', () => {
  it('uses the same buffers again', async () => {
    let allocated = 0;
    const allocate = (size: number): Buffer => {
      allocated += 1;
      return Buffer.alloc(size);
    };
    const pool = new BufferPool({ budget: 30, count: 3, allocate });
    for (let round = 0; round < 100; round += 1) {
      const buffers = [await pool.acquire(10), await pool.acquire(10), await pool.acquire(10)];
      for (const buffer of buffers) pool.release(buffer);
    }
    expect(allocated).to.equal(3);
  });

  it('hands out one buffer that is larger than the budget, alone', async () => {
    const pool = new BufferPool({ budget: 10, count: 3, allocate: Buffer.alloc.bind(Buffer) });
    const large = await pool.acquire(50);
    let second = false;
    const waiting = pool.acquire(50).then(() => (second = true));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(second).to.equal(false);
    pool.release(large);
    await waiting;
  });

  it('never hands out more than the budget, whatever the sizes and the order of return', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 })), fc.nat(), async (steps, seed) => {
        const budget = 20;
        const pool = new BufferPool({ budget, count: 4, allocate: Buffer.alloc.bind(Buffer) });
        const out: Buffer[] = [];
        for (const size of steps.toSorted((left, right) => left - right)) {
          const bytes = out.reduce((sum, buffer) => sum + buffer.length, 0);
          const wait = pool.acquire(size);
          if (out.length === 4 || (out.length > 0 && bytes + size > budget)) {
            while (out.length === 4 || (out.length > 0 && total(out) + size > budget)) {
              const [back] = out.splice(seed % out.length, 1);
              if (back) pool.release(back);
            }
          }
          out.push(await wait);
          expect(out.length).to.be.at.most(4);
          expect(out.length === 1 || total(out) <= budget).to.equal(true);
        }
      }),
    );
  });
});

function total(buffers: readonly Buffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
}
