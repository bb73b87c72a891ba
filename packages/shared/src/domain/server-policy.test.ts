import { expect } from 'chai';
import * as fc from 'fast-check';
import { covers, matchesPattern, memberName, runStatus, suspicionOf } from './server-policy.ts';

const policy = { type: 'postgresql', include: ['*'], exclude: [] } as const;
const wanting = (include: string[], exclude: string[] = []) => ({ ...policy, include, exclude });

describe('the patterns of a policy', () => {
  it('mean what a shell means by * and ?, and everything else as it stands', () => {
    const asExpression = (pattern: string): RegExp =>
      new RegExp(
        `^${Array.from(pattern, (one) => (one === '*' ? '.*' : one === '?' ? '.' : one.replace(/[\\^$.|+()[\]{}]/, '\\$&'))).join('')}$`,
        'su',
      );
    const letters = fc.constantFrom('a', 'b', '*', '?', '.', '[', '\\', 'é', '🦆');
    const text = fc.array(letters, { maxLength: 8 }).map((parts) => parts.join(''));
    const property = fc.property(text, text, (pattern, name) => {
      expect(matchesPattern(pattern, name)).to.equal(asExpression(pattern).test(name));
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('end soon however many stars there are', () => {
    const startedAt = performance.now();
    expect(matchesPattern('*a'.repeat(90) + 'b', 'a'.repeat(5000))).to.equal(false);
    expect(performance.now() - startedAt).to.be.lessThan(10_000);
  });

  it('leave out what is excluded, whatever includes it', () => {
    const main = wanting(['shop', 'crm_*'], ['*_test']);
    expect(['shop', 'crm_1', 'crm_test', 'other'].filter((name) => covers(main, name))).to.deep.equal([
      'shop',
      'crm_1',
    ]);
  });

  it('cover the database that is there to be connected to only by its very name', () => {
    expect(covers(wanting(['*']), 'postgres')).to.equal(false);
    expect(covers(wanting(['*', 'postgres']), 'postgres')).to.equal(true);
    expect(covers({ ...wanting(['*']), type: 'mysql' }, 'postgres')).to.equal(true);
  });

  it('never cover a scratch database of a verification', () => {
    expect(covers(wanting(['*', 'holdfast_verify_0123456789ab']), 'holdfast_verify_0123456789ab')).to.equal(false);
  });
});

describe('a run of a policy', () => {
  const none = { scheduled: 0, pending: 0, done: 0, error: 0 };
  it('is done when all of its backups are, and failed when all have ended and one is not', () => {
    const listed = { status: 'done' } as const;
    expect(runStatus({ status: 'scheduled' }, none)).to.equal('scheduled');
    expect(runStatus(listed, none)).to.equal('done');
    expect(runStatus(listed, { ...none, done: 2 })).to.equal('done');
    expect(runStatus(listed, { ...none, done: 2, scheduled: 1, error: 1 })).to.equal('pending');
    expect(runStatus(listed, { ...none, done: 2, error: 1 })).to.equal('error');
  });

  it('is suspicious when more than half is gone, or everything', () => {
    expect(suspicionOf(4, 2, 2)).to.equal(null);
    expect(suspicionOf(4, 3, 2)).to.contain('3 of the 4');
    expect(suspicionOf(0, 0, 0)).to.contain('no database at all');
    expect(suspicionOf(0, 0, 3)).to.equal(null);
  });
});

it('a database of a policy has a name that databases may have, and others where it is taken', () => {
  const property = fc.property(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 70 }),
    fc.integer({ min: 1, max: 1000 }),
    (policyName, database, turn) => {
      const name = memberName(policyName, database, turn);
      expect(name.length).to.be.within(1, 63);
      expect(name).to.not.match(/[/\p{Cc}]/u);
      expect(name).to.equal(name.trim());
      expect(memberName(policyName, database, turn + 1)).to.not.equal(name);
    },
  );
  fc.assert(property, { numRuns: 100 });
  expect(memberName('main', 'a/b', 1)).to.equal('main.a_b');
  expect(memberName('main', 'shop', 2)).to.equal('main.shop (2)');
});
