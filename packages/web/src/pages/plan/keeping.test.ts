import { expect } from 'chai';
import { keepingOf, keepingPresets, newKeeping, rulesInWords, rulesOf } from './keeping.ts';

describe('what a form keeps', () => {
  it('comes back from its rules as the preset that was chosen', () => {
    for (const preset of keepingPresets.filter((each) => each !== 'own')) {
      expect(keepingOf(rulesOf({ ...newKeeping(), preset })).preset).to.equal(preset);
    }
  });

  it('shows every other set of rules as its own', () => {
    const rules = { ...rulesOf(newKeeping()), minimum: 3 };
    expect(keepingOf(rules)).to.deep.equal({ preset: 'own', rules });
  });

  it('is said in words', () => {
    const nothing = rulesOf({ ...newKeeping(), preset: 'everything' });
    expect(rulesInWords(nothing)).to.equal('everything');
    expect(rulesInWords({ ...nothing, keep_last: 3, minimum: 2 })).to.equal(
      'the newest 3, and never fewer than 2 good ones',
    );
    expect(rulesInWords({ ...nothing, keep_last: 3, monthly: 12 })).to.equal(
      'the newest 3 and one of each of 12 months',
    );
  });
});
