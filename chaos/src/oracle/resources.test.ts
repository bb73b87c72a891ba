import { expect } from 'chai';
import { beyond } from './resources.ts';

const start = { memory: { 'worker-1': 100e6 }, sessions: 20, sourceSessions: 0, redis: 12, children: [] };

describe('what the services take at the end', () => {
  it('may be what they took at the start, or a little more', () => {
    expect(beyond(start, { ...start, memory: { 'worker-1': 150e6 }, sessions: 24 })).to.deep.equal([]);
  });

  const leaks = [
    { memory: { 'worker-1': 400e6 } },
    { sessions: 60 },
    { sourceSessions: 1 },
    { redis: 40 },
    { children: ['pg_dump 17'] },
  ];
  for (const leak of leaks) {
    it(`may not be ${JSON.stringify(leak)}`, () => {
      expect(beyond(start, { ...start, ...leak })).to.have.length(1);
    });
  }
});
