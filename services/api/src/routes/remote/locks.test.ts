import { expect } from 'chai';
import { openRemoteBed, type RemoteBed } from './bed.test.ts';

const dayMs = 24 * 3_600_000;

describe('remote dialect: a destination that locks', () => {
  let bed: RemoteBed;
  before(async () => {
    bed = await openRemoteBed({}, { objectLock: true });
    const { id, accountId } = bed.bucket;
    const { destinations } = bed.api.deps.persistence;
    const found = await destinations.find(id);
    if (found?.type !== 'custom_s3') throw new Error('The test destination is not there.');
    const settings = { ...found.settings, objectLock: { mode: 'compliance', days: 2 } as const };
    await destinations.replace(accountId, id, { ...found, settings });
  });
  after(() => bed.stop());

  it('has the archive locked as soon as it is whole, and its manifest, and remembers until when', async () => {
    const { backup, archive } = await bed.uploaded();
    const before = Date.now();
    expect((await bed.report(backup, archive)).status).to.equal(204);
    const { status, objectLockedUntil } = await bed.row(backup);
    expect(status).to.equal('done');
    expect((objectLockedUntil?.getTime() ?? 0) - before).to.be.within(2 * dayMs, 2 * dayMs + 60_000);
    const locks = bed.s3.versions().map(({ lockedUntil }) => lockedUntil?.getTime());
    expect(locks).to.deep.equal([objectLockedUntil?.getTime(), objectLockedUntil?.getTime()]);
  });
});
