import { expect } from 'chai';
import { lockTermsOf, type Place } from './destination.ts';
import { knowsSomething, ObjectLockedError, retentionFrom, type LockTerms } from './store.ts';

const now = new Date('2026-11-20T12:00:00Z');
const lock = { mode: 'compliance', days: 7 } as const;

describe('the locks of stored objects', () => {
  it('last as long as the destination says, or as the schedule keeps backups by their age where that is longer', () => {
    const bucket = (objectLock: LockTerms | null): Place => ({
      type: 's3',
      settings: { bucket: 'b', region: null, endpoint: null, pathStyle: false, prefix: '', maxParts: 1, objectLock },
    });
    const byAge = (keepDays: number) => ({ retention: { keepDays, daily: 100 } });
    expect(lockTermsOf(bucket(lock), null)).to.deep.equal(lock);
    expect(lockTermsOf(bucket(lock), { retention: { daily: 100 } })).to.deep.equal(lock);
    expect(lockTermsOf(bucket(lock), byAge(3))).to.deep.equal(lock);
    expect(lockTermsOf(bucket(lock), byAge(30))).to.deep.equal({ mode: 'compliance', days: 30 });
    expect(lockTermsOf(bucket(null), byAge(30))).to.equal(null);
    expect(lockTermsOf({ type: 'local', settings: { path: '' } }, byAge(30))).to.equal(null);
  });

  it('begin when the object is put', () => {
    expect(retentionFrom(now, lock)).to.deep.equal({ mode: 'compliance', until: new Date('2026-11-27T12:00:00Z') });
    expect(retentionFrom(now, null)).to.equal(null);
  });

  it('say when they end, or that somebody has to end them', () => {
    expect(new ObjectLockedError('k', now).message).to.include('until 2026-11-20T12:00:00.000Z');
    expect(new ObjectLockedError('k', null)).to.include({ code: 'object_locked', retryable: true });
    expect(new ObjectLockedError('k', null).message).to.include('release the hold');
  });
});

describe('what a place can do', () => {
  it('is known as soon as one thing of it is', () => {
    const nothing = { versioning: null, objectLock: null, writerMayDelete: null };
    expect(knowsSomething(nothing)).to.equal(false);
    expect(knowsSomething({ ...nothing, writerMayDelete: false })).to.equal(true);
  });
});
