import { expect } from 'chai';
import * as fc from 'fast-check';
import { estimateRestore, type RestorePace } from './restore-estimate.ts';

const pace = fc.record({
  bytes: fc.integer({ min: 1, max: 1e12 }),
  seconds: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
});
const none: RestorePace[] = [];

describe('the estimate of a restore', () => {
  it('goes by the median speed, so that one odd restore does not decide', () => {
    const database = [10, 1, 100_000].map((speed) => ({ bytes: speed * 500, seconds: 500 }));
    expect(estimateRestore(1000, { database, account: none })).to.deep.equal({ seconds: 100, basedOn: 'database' });
  });

  it('prefers restores of the same database to those of the account, and says which', () => {
    const [fast, slow] = [
      { bytes: 1000, seconds: 1 },
      { bytes: 500, seconds: 50 },
    ];
    expect(estimateRestore(1000, { database: [slow], account: [fast] })).to.deep.equal({
      seconds: 100,
      basedOn: 'database',
    });
    expect(estimateRestore(1000, { database: none, account: [fast] })).to.deep.equal({
      seconds: 1,
      basedOn: 'account',
    });
  });

  it('is not given where nothing tells: no restore yet, none that took time, no known size', () => {
    const still = [
      { bytes: 0, seconds: 1 },
      { bytes: 5, seconds: 0 },
    ];
    expect(estimateRestore(1000, { database: none, account: none })).to.equal(null);
    expect(estimateRestore(1000, { database: still, account: still })).to.equal(null);
    expect(estimateRestore(null, { database: [{ bytes: 1, seconds: 1 }], account: none })).to.equal(null);
  });

  it('is not told from restores of much less, whose bytes are not what took their time', () => {
    const [tiny, like] = [
      { bytes: 64_000, seconds: 1.4 },
      { bytes: 2_000_000, seconds: 2 },
    ];
    expect(estimateRestore(17_000_000, { database: [tiny], account: [tiny] })).to.equal(null);
    expect(estimateRestore(17_000_000, { database: [tiny], account: [tiny, like] })).to.deep.equal({
      seconds: 17,
      basedOn: 'account',
    });
  });

  it('lies between what the fastest and the slowest restore tell, whatever their order', () => {
    const paces = fc.array(pace, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(paces, fc.integer({ min: 0, max: 1e12 }), (database, plainBytes) => {
        const like = database.filter(({ bytes }) => bytes >= plainBytes / 10);
        const told = like.map(({ bytes, seconds }) => Math.ceil(plainBytes / (bytes / seconds)));
        const estimate = estimateRestore(plainBytes, { database, account: none });
        if (like.length === 0) expect(estimate).to.equal(null);
        else expect(estimate?.seconds).to.be.within(Math.min(...told), Math.max(...told));
        expect(estimateRestore(plainBytes, { database: database.toReversed(), account: none })).to.deep.equal(estimate);
      }),
    );
  });
});
