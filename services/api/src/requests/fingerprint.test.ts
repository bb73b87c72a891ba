import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Fingerprints } from './fingerprint.ts';

describe('fingerprints of requests', () => {
  const fingerprints = new Fingerprints(randomBytes(32));
  const of = (body: unknown): string => fingerprints.of('POST', '/api/x', body);

  /** The same value with the fields of every object in the opposite order. */
  const reordered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reordered);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, inner]) => [name, reordered(inner)] as const);
    return Object.fromEntries(entries.toReversed());
  };

  it('are the same whatever the order of fields', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => of(reordered(value)) === of(value)));
  });

  it('tell different bodies apart', () => {
    const sorted = (value: unknown): unknown =>
      typeof value !== 'object' || value === null
        ? value
        : Array.isArray(value)
          ? value.map(sorted)
          : Object.entries(value)
              .map(([name, inner]) => [name, sorted(inner)])
              .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
              .concat([['object']]);
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        fc.pre(JSON.stringify(sorted(a)) !== JSON.stringify(sorted(b)));
        expect(of(a)).to.not.equal(of(b));
      }),
    );
    const alike = [
      undefined,
      null,
      '',
      {},
      [],
      [[]],
      [{}],
      { a: [] },
      { a: {} },
      { b: {} },
      'null',
      ['a', 'b'],
      ['a,b'],
      [['a'], 'b'],
    ];
    expect(new Set(alike.map(of)).size).to.equal(alike.length);
  });

  it('tell methods, URLs and services apart, and do not show the body', () => {
    const body = { password: 'hunter2' };
    const all = [
      fingerprints.of('POST', '/api/x', body),
      fingerprints.of('PUT', '/api/x', body),
      fingerprints.of('POST', '/api/x?y', body),
      new Fingerprints(randomBytes(32)).of('POST', '/api/x', body),
    ];
    expect(new Set(all).size).to.equal(4);
    for (const one of all) expect(one).to.match(/^[0-9a-f]{64}$/);
  });

  it('can be taken of any depth', () => {
    const deep: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000));
    expect(of(deep)).to.match(/^[0-9a-f]{64}$/);
  });
});
