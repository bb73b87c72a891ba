import { expect } from 'chai';
import { attemptPrefix } from './backup.ts';
import { isSamePlace, prefixWithin, type Place } from './destination.ts';
import { attemptOfKey, isProbeKey, probeKey } from './reconciliation.ts';

const id = '018f0000-0000-7000-8000-00000000000b';
const databaseId = '018f0000-0000-7000-8000-00000000000d';

describe('a key', () => {
  it('tells the attempt whose folder it lies in, and only where it is written as we write it', () => {
    const prefix = attemptPrefix({ id, databaseId, createdAt: new Date('2026-03-04T05:06:07Z') }, 12);
    expect(attemptOfKey(`${prefix}dump`)).to.deep.equal({ prefix, backupId: id, attempt: 12 });
    const others = [prefix, `x/${prefix}dump`, `${prefix}/dump`, prefix.replace('/a12/', '/a012/dump')];
    for (const key of [...others, `${prefix.toUpperCase()}dump`, prefix.replace('/03/', '/3/dump'), '', 'dump']) {
      expect(attemptOfKey(key), key).to.equal(null);
    }
  });

  it('of a trial is known by its form', () => {
    expect(isProbeKey(probeKey(id))).to.equal(true);
    for (const key of ['holdfast-probe-', 'holdfast-probe-x', `x/${probeKey(id)}`, `${probeKey(id)}/x`]) {
      expect(isProbeKey(key), key).to.equal(false);
    }
  });
});

describe('the place of a destination', () => {
  const local = (path: string): Place => ({ type: 'local', settings: { path } });
  const s3 = (prefix: string, bucket = 'b'): Place => ({
    type: 's3',
    settings: { bucket, prefix, region: null, endpoint: null, pathStyle: false, maxParts: 1 },
  });

  it('lies within another one where its folder begins with the other one’s', () => {
    expect(prefixWithin(s3(''), s3('in/'))).to.equal('in/');
    expect(prefixWithin(s3('a/'), s3('a/in/'))).to.equal('in/');
    expect(prefixWithin(local(''), local('in'))).to.equal('in/');
    expect(prefixWithin(local('a/'), local('a/in'))).to.equal('in/');
    for (const [outer, inner] of [
      [s3('a/'), s3('a/')],
      [s3('a/'), s3('')],
      [s3(''), s3('in/', 'other')],
      [local('a'), local('ab')],
      [local(''), s3('in/')],
    ] as const) {
      expect(prefixWithin(outer, inner), JSON.stringify([outer, inner])).to.equal(null);
    }
    expect(isSamePlace(local('a'), local('a/'))).to.equal(true);
    expect(isSamePlace(local(''), local('a'))).to.equal(false);
  });
});
