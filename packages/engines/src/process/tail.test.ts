import { Secret } from '@holdfast/shared/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Tail } from './tail.ts';

describe('Tail', () => {
  it('never shows a secret, nor a part of one that the cut went through', () => {
    const secret = 'S3CRET-VALUE';
    fc.assert(
      fc.property(
        fc.nat(9000),
        fc.integer({ min: 8150, max: 8250 }),
        fc.integer({ min: 1, max: 5000 }),
        (front, behind, chunk) => {
          const tail = new Tail([new Secret(secret)]);
          const said = Buffer.from('x'.repeat(front) + secret + ' '.repeat(100) + secret + 'x'.repeat(behind));
          for (let at = 0; at < said.length; at += chunk) tail.add(said.subarray(at, at + chunk));
          expect(tail.text()).to.not.match(/[A-Z3-]/);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('shows all of a short text', () => {
    const tail = new Tail([]);
    tail.add(Buffer.from('one\n'));
    tail.add(Buffer.from('two\n'));
    expect(tail.text()).to.equal('one\ntwo');
  });
});
