import { expect } from 'chai';
import { sentenceOf } from './sentence.ts';

const none = { protected: 0, at_risk: 0, unprotected: 0, unknown: 0 };

describe('the sentence over all databases', () => {
  it('begins with what is worst, and leaves nothing out', () => {
    expect(sentenceOf(none)).to.equal('There is no database yet.');
    expect(sentenceOf({ ...none, protected: 1 })).to.equal('The one database is protected.');
    expect(sentenceOf({ ...none, protected: 14 })).to.equal('All 14 databases are protected.');
    expect(sentenceOf({ ...none, protected: 12, unprotected: 2 })).to.equal('2 of 14 databases are not protected.');
    expect(sentenceOf({ ...none, unprotected: 1 })).to.equal('The one database is not protected.');
    expect(sentenceOf({ ...none, at_risk: 1 })).to.equal('The one database is at risk.');
    expect(sentenceOf({ ...none, unknown: 1 })).to.equal('The one database cannot be judged.');
    expect(sentenceOf({ ...none, protected: 3, at_risk: 1 })).to.equal('Of 4 databases 1 is at risk.');
    expect(sentenceOf({ protected: 1, at_risk: 2, unprotected: 1, unknown: 1 })).to.equal(
      '1 of 5 databases is not protected, 2 are at risk, 1 cannot be judged.',
    );
  });
});
