import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { childrenOf } from './support/processes.ts';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { register, settledAttempts, storedAttempts, useHoldfast, wholeBackup } from './support/system.ts';

/** Longer than the lease of four seconds, many heartbeats, and what the SDK's own trials would bridge. */
const outageSeconds = 20;

describe('a store that is away for longer than a lease in the middle of a dump', function suite() {
  this.timeout(90_000);
  let s3: TestS3;
  before(async () => {
    s3 = await startS3();
  });
  after(() => s3.stop());
  // Two buffers of 8 MiB, so that a small source fills them.
  const holdfast = useHoldfast(() => ({ env: { HOLDFAST_PART_CONCURRENCY: '1' } }));

  it('holds the dump, which goes on when the store is back: one attempt, one dump, one whole backup', async () => {
    const { client, workers, database } = holdfast();
    const source = await sourceDatabase(40);
    const databaseId = await register(holdfast(), source, await s3Destination(holdfast(), s3));
    const dumps = (): number[] => workers.flatMap(({ pid }) => childrenOf(pid, 'pg_dump'));
    const { id } = await client.backup(databaseId);
    await until('a part to arrive', 30, () => s3.openUploads().some(({ parts }) => parts > 0));
    await s3.pause();
    const held = dumps();
    expect(held, 'the dump is in its middle').to.have.length(1);

    const leases = new Set<string>();
    for (let second = 0; second < outageSeconds; second += 1) {
      await delay(1000);
      const [row] = await database.query(
        `select status, attempt, lease_until::text, lease_until > now() as holds from holdfast.backups where id = '${id}'`,
      );
      expect(row).to.include({ status: 'pending', attempt: 1, holds: true });
      leases.add(String(row?.['lease_until']));
      expect(dumps(), 'the dump that waits').to.deep.equal(held);
    }
    expect(leases.size, 'heartbeats').to.be.above(outageSeconds / 2);
    await s3.resume();

    const backup = await client.waitFor(id, ['done'], 40);
    expect(backup).to.include({ attempt: 1, error: null });
    expect(await settledAttempts(holdfast(), backup)).to.deep.equal([1]);
    const keys = s3.objects().map(({ key }) => key);
    expect(storedAttempts(keys, id)).to.deep.equal({ a1: wholeBackup });
    expect(s3.openUploads()).to.deep.equal([]);
    const path = `/api/databases/${databaseId}/backups/${id}/archive`;
    const { download_url: link } = await client.expect<{ download_url: string }>(200, 'GET', path);
    const bytes = Buffer.from(await (await fetch(link)).arrayBuffer());
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).to.equal(backup.checksum);
  });
});
