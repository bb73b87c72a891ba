import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseRange } from './range.ts';

describe('byte ranges', () => {
  it('stays inside the content whatever the header says', () => {
    const bound = fc.oneof(fc.constant(''), fc.nat(200).map(String), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.nat(100), bound, bound, (size, first, last) => {
        const range = parseRange(`bytes=${first}-${last}`, size);
        if (typeof range === 'string') return;
        expect(range.start).to.be.at.least(0);
        expect(range.start).to.be.at.most(range.end);
        expect(range.end).to.be.lessThan(size);
      }),
    );
  });

  it('ignores headers that it does not understand', () => {
    const headers = [
      undefined,
      '',
      'bytes',
      'bytes=',
      'bytes=-',
      'bytes=a-b',
      'items=0-1',
      'bytes=0-1,2-3',
      'bytes=5-2',
    ];
    for (const header of headers) expect(parseRange(header, 10), header).to.equal('all');
  });

  it('reads ranges that are open at either end', () => {
    expect(parseRange('bytes=2-', 10)).to.deep.equal({ start: 2, end: 9 });
    expect(parseRange('bytes=-3', 10)).to.deep.equal({ start: 7, end: 9 });
    expect(parseRange('bytes=-30', 10)).to.deep.equal({ start: 0, end: 9 });
    expect(parseRange('bytes=10-', 10)).to.equal('unsatisfiable');
    expect(parseRange('bytes=-0', 10)).to.equal('unsatisfiable');
  });
});
