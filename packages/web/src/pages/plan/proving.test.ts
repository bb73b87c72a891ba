import { expect } from 'chai';
import { newProving, provingOf, verificationOf } from './proving.ts';

describe('how a form proves backups', () => {
  it('comes back from what is asked for as what was chosen', () => {
    for (const proving of [
      newProving(),
      newProving('none'),
      { ...newProving('readable'), every: 'weekly' },
      { level: 'stored', every: 'some', count: 5 },
    ] as const) {
      expect(provingOf(verificationOf(proving))).to.deep.equal(proving);
    }
  });
});
