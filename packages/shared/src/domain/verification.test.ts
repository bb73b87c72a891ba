import { expect } from 'chai';
import * as fc from 'fast-check';
import { proofAfter, reaches, verificationLevels, type Proof } from './verification.ts';

const level = fc.constantFrom(null, ...verificationLevels);
const proof: fc.Arbitrary<Proof> = fc.record({ level, isDamaged: fc.boolean() });
const whole = fc.record({ level, isDamaged: fc.constant(false) });

const holds = (property: (before: Proof, verdict: Proof) => boolean, before = proof, verdict = proof): void =>
  fc.assert(fc.property(before, verdict, property), { numRuns: 1000 });
/** Whether the one level includes the other; nothing includes nothing. */
const includes = (one: Proof, other: Proof): boolean => other.level === null || reaches(one.level, other.level);

describe('what is proven of a backup', () => {
  it('is never lowered by a verdict that found no damage', () => {
    holds((before, verdict) => includes(proofAfter(before, verdict), before), proof, whole);
  });

  it('is no more than was proven before or than the verdict says', () => {
    holds((before, verdict) => {
      const after = proofAfter(before, verdict);
      return after.level === before.level || after.level === verdict.level;
    });
  });

  it('of a whole backup is the higher one of both', () => {
    holds((before, verdict) => includes(proofAfter(before, verdict), verdict), whole, whole);
  });

  it('is what the verdict says where it found damage, however much was proven before', () => {
    holds((before, verdict) => !verdict.isDamaged || proofAfter(before, verdict) === verdict);
  });

  it('says that damage is over only where more was proven than while it was found, and that all of it can be read', () => {
    holds((before, verdict) => {
      if (!before.isDamaged || proofAfter(before, verdict).isDamaged) return true;
      return reaches(verdict.level, 'readable') && !includes(before, verdict);
    });
    const unfaithful: Proof = { level: 'restorable', isDamaged: true };
    const reads = (reached: Proof['level']): Proof => proofAfter(unfaithful, { level: reached, isDamaged: false });
    expect(reads('readable')).to.deep.equal(unfaithful);
    expect(reads('restorable')).to.deep.equal(unfaithful);
    expect(reads('identical')).to.deep.equal({ level: 'identical', isDamaged: false });
  });

  it('does not change when the same verdict comes again', () => {
    holds((before, verdict) => {
      const once = proofAfter(before, verdict);
      expect(proofAfter(once, verdict)).to.deep.equal(once);
      return true;
    });
  });
});
