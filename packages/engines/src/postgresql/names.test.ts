import { expect } from 'chai';
import * as fc from 'fast-check';
import { keptSuffix, restoreNames, restoreSuffixes } from './names.ts';

describe('names of a restore', () => {
  it('fit, differ from the target and from each other, and are known by their end', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 63 }),
        fc.uuid({ version: 7 }),
        (target, id) => {
          const { build, old, kept } = restoreNames(target, id);
          for (const name of [build, old, kept]) expect(Buffer.byteLength(name)).to.be.at.most(63);
          expect(new Set([target, build, old, kept]).size).to.equal(4);
          const [buildSuffix = '', oldSuffix = ''] = restoreSuffixes(id);
          expect(build.endsWith(buildSuffix) && old.endsWith(oldSuffix)).to.equal(true);
          expect(kept.endsWith(buildSuffix) || kept.endsWith(oldSuffix)).to.equal(false);
          expect(kept.endsWith(keptSuffix(id))).to.equal(true);
          expect(build.isWellFormed() && old.isWellFormed()).to.equal(true);
        },
      ),
    );
  });
});
