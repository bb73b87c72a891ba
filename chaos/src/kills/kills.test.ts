import { expect } from 'chai';
import { runKills } from './campaign.ts';

describe('a restore in place that is ended at any moment, or its undoing', function () {
  this.timeout(120_000);

  it('leaves the whole old or the whole new content, clients never see a mixture, and clean-up leaves nothing', async () => {
    const report = await runKills('a seed for the suite', 6);
    expect(report.violations).to.deep.equal([]);
    expect(report.old + report.new).to.equal(6);
    expect(report.looks).to.be.greaterThan(20);
  });
});
