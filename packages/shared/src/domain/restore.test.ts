import { expect } from 'chai';
import type { ErrorCode } from './errors.ts';
import { isRestored, outcomeOf, type FileWish, type Restore, type RestoreTarget } from './restore.ts';

describe('what the target of a failed restore holds', () => {
  const inPlace: RestoreTarget = { mode: 'in_place' };
  const failed = (code: ErrorCode, attempt: number, target: RestoreTarget = inPlace): string =>
    outcomeOf({ status: 'error', attempt, target, outcome: null, error: { code, message: '' } } as Restore) ?? '';

  it('is its old content where the failure came before the last step', () => {
    for (const code of ['integrity', 'restore_failed', 'auth_failed', 'cancelled', 'object_missing'] as const) {
      expect(failed(code, 1), code).to.equal('The target holds its old content, unchanged.');
    }
    expect(failed('cancelled', 0)).to.equal('The target holds its old content, unchanged.');
  });

  it('is never promised where nobody heard of the last step, in this attempt or an earlier one', () => {
    for (const code of ['lease_expired', 'connection_lost', 'abandoned', 'remote_failed', 'internal'] as const) {
      expect(failed(code, 1), code).to.contain('either its old content').and.contain('the whole content of the backup');
    }
    expect(failed('integrity', 2)).to.contain('either its old content');
  });

  it('names the new database that was not made', () => {
    const target = { mode: 'new_database', database: 'copy' } as const;
    expect(failed('integrity', 1, target)).to.equal('No database "copy" was made.');
    expect(failed('lease_expired', 1, target)).to.contain('Either no database "copy" was made, or');
  });

  it('is what it held before where an undoing failed, or what is kept beside it where nobody heard', () => {
    const undo = { mode: 'undo', restoreId: 'x' } as const;
    expect(failed('former_missing', 1, undo)).to.equal('The target holds what it held before, unchanged.');
    expect(failed('connection_lost', 1, undo)).to.contain('either what it held before or what is kept beside it');
    expect(failed('former_missing', 2, undo)).to.contain('either what it held before or what is kept beside it');
  });

  it('is told beside what else of the backup had been brought back by then', () => {
    const row = { status: 'error', attempt: 1, target: inPlace, outcome: 'Roles are there.', error: null } as Restore;
    expect(outcomeOf({ ...row, error: { code: 'integrity', message: '' } })).to.equal(
      'Roles are there. The roles of the server stay as they were restored. The target holds its old content, unchanged.',
    );
    expect(outcomeOf({ ...row, status: 'scheduled' })).to.equal(null);
  });

  it('is what the restore itself said where it did not fail', () => {
    const done = { status: 'done', attempt: 1, target: inPlace, outcome: 'Whole.', error: null } as Restore;
    expect(outcomeOf(done)).to.equal('Whole.');
    expect(outcomeOf({ ...done, status: 'pending', outcome: null })).to.equal(null);
  });
});

describe('the files of a backup that are restored', () => {
  const [dump, globals, content] = (['dump', 'globals', 'content'] as const).map((role) => ({ id: role, role }));
  const restored = (wish: FileWish): string[] =>
    [dump, globals, content].flatMap((file) => (file && isRestored(file, wish) ? [file.id] : []));

  it('are the globals, too, only where owners are kept of a whole, or where somebody named them', () => {
    const selection = { schemas: ['billing'], tables: [] };
    expect(restored({ fileIds: null, ownership: 'keep' })).to.deep.equal(['dump', 'globals']);
    expect(restored({ fileIds: null, ownership: 'skip' })).to.deep.equal(['dump']);
    expect(restored({ fileIds: null, ownership: 'keep', selection })).to.deep.equal(['dump']);
    for (const ownership of ['keep', 'skip'] as const) {
      expect(restored({ fileIds: ['dump', 'globals'], ownership, selection })).to.deep.equal(['dump', 'globals']);
      expect(restored({ fileIds: ['dump'], ownership })).to.deep.equal(['dump']);
    }
    expect(restored({ fileIds: ['content'], ownership: 'keep' })).to.deep.equal([]);
  });
});
