import { expect } from 'chai';
import * as fc from 'fast-check';
import { sizeText } from './size-text.ts';

describe('a size for people', () => {
  it('reads as the documented examples do', () => {
    const examples: [number, string][] = [
      [0, '0 bytes'],
      [1, '1 byte'],
      [744, '744 bytes'],
      [1023, '1023 bytes'],
      [1024, '1 KB'],
      [1536, '1.5 KB'],
      [1_048_575, '1 MB'],
      [17_484_513_608, '16.3 GB'],
      [Number.MAX_SAFE_INTEGER, '8 PB'],
    ];
    for (const [bytes, text] of examples) expect(sizeText(bytes)).to.equal(text);
  });

  it('is within 5 % of the size, and its number below 1024', () => {
    const factors: Record<string, number> = { KB: 1, MB: 2, GB: 3, TB: 4, PB: 5 };
    const property = fc.property(fc.maxSafeNat(), (bytes) => {
      const [number = '', unit = ''] = sizeText(bytes).split(' ');
      expect(Number(number)).to.be.below(1024);
      expect(Number(number) * 1024 ** (factors[unit] ?? 0)).to.be.within(bytes * 0.95, bytes * 1.05);
    });
    fc.assert(property);
  });
});
