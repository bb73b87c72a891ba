import { expect } from 'chai';
import { openDamageBed } from './bed.ts';
import { runDamage } from './report.ts';

describe('damage of what is stored', function suite() {
  this.timeout(240_000);

  it('is always found, and never restored without a word', async () => {
    const counts = { flips: 24, cuts: 8, swaps: 2, deletions: 2 };
    const report = await runDamage(await openDamageBed(), { seed: 'short', counts, restored: 2 });
    expect(report.violations).to.deep.equal([]);
    expect(report.figures).to.deep.include({
      flip: { tried: 24, found: 24 },
      cut: { tried: 8, found: 8 },
      swap: { tried: 2, found: 2 },
      delete: { tried: 2, found: 2 },
    });
    expect(report.restores).to.be.at.least(4);
  });
});
