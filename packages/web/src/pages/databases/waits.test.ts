import { expect } from 'chai';
import type { Backup } from '../../data/backups.ts';
import { waitOf, type Situation } from './waits.ts';

type Work = Situation['work'];
const waiting: Work = { status: 'scheduled', error: null, attempts: [] };
const usual: Situation = { work: waiting, age: 5, still: 0, server: null, unseen: null, services: [], isBehind: false };
const failed = (code: string): Work =>
  ({ ...waiting, attempts: [{}], error: { code, message: '' } }) as unknown as Work;
const title = (of: Partial<Situation>): string | undefined => waitOf({ ...usual, ...of })?.title;
const agent = { id: 1, name: 'web-1', last_seen_at: null };
const silent = (service: string) => [{ service, state: 'silent' }] as unknown as Situation['services'];

describe('what work waits for', () => {
  it('is said where something is absent, and nothing is said of a start that takes its seconds', () => {
    expect(title({})).to.equal(undefined);
    expect(title({ age: 60 })).to.equal('Waits for its turn');
    expect(title({ services: silent('worker') })).to.equal('No worker is there');
    expect(title({ services: silent('scheduler') })).to.equal('No scheduler is there');
    expect(title({ work: failed('store_unreachable') })).to.equal('Waits for the destination');
    expect(title({ work: failed('host_unreachable') })).to.equal('Waits for the database server');
    expect(title({ work: failed('dump_failed'), age: 60 })).to.equal(undefined);
    expect(title({ isBehind: true, age: 60 })).to.equal('Waits for the restore before it');
  });

  it('is the agent of a remote server where that does not ask, whatever our workers do', () => {
    expect(title({ server: agent, unseen: null })).to.equal('The agent on web-1 does not ask for work');
    expect(title({ server: agent, unseen: 600 })).to.equal('The agent on web-1 does not ask for work');
    expect(title({ server: agent, unseen: 20, age: 600, services: silent('worker') })).to.equal(undefined);
  });

  it('is said of an attempt that runs only when nothing moved for long', () => {
    const work: Work = { ...waiting, status: 'pending', attempts: [{} as Backup['attempts'][number]] };
    expect(title({ work, age: 900, still: 5 })).to.equal(undefined);
    expect(title({ work, still: 45.6 })).to.equal('Nothing moved for 45 seconds');
  });
});
