import { expect } from 'chai';
import * as fc from 'fast-check';
import { escapeIdentifier } from 'pg';
import { splitNames } from './settings.ts';

describe('splitNames', () => {
  it('takes apart what the server put together', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (names) => {
        expect(splitNames(names.map(escapeIdentifier).join(', '))).to.deep.equal(names);
      }),
    );
    expect(splitNames('"$user", public')).to.deep.equal(['$user', 'public']);
    expect(splitNames('')).to.deep.equal(['']);
  });
});
