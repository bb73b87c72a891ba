import { expect } from 'chai';
import { durationText } from './duration-text.ts';

describe('a duration in words', () => {
  it('is in the two largest units that it fills', () => {
    const texts: [number, string][] = [
      [0, '0 s'],
      [0.9, '0 s'],
      [59, '59 s'],
      [60, '1 min'],
      [3599, '59 min 59 s'],
      [3600, '1 h'],
      [93_600, '1 d 2 h'],
      [86_400 + 59, '1 d'],
    ];
    for (const [seconds, text] of texts) expect(durationText(seconds)).to.equal(text);
  });
});
