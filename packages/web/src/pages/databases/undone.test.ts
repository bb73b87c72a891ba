import { expect } from 'chai';
import type { Restore } from '../../data/restores.ts';
import { undoingOf } from './undone.ts';

const swap = (status: string, of = 'it'): Restore => ({ undo_of: of, status }) as Restore;

describe('a restore in place that was swapped', () => {
  it('is undone after every other swap that succeeded', () => {
    const isUndone = (...swaps: Restore[]) => undoingOf(swaps, { id: 'it' }).isUndone;
    expect(isUndone()).to.equal(false);
    expect(isUndone(swap('done'))).to.equal(true);
    expect(isUndone(swap('done'), swap('done'))).to.equal(false);
    expect(isUndone(swap('error'), swap('done'))).to.equal(true);
    expect(isUndone(swap('done', 'another'))).to.equal(false);
  });
});
