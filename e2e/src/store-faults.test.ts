import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { type BackupView } from '@holdfast/testing/services';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { s3Destination } from './support/s3.ts';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import {
  localDestination,
  register,
  storedAttempts,
  storedLocally,
  untilSwept,
  useHoldfast,
  wholeBackup,
} from './support/system.ts';

describe('a store that fails', function suite() {
  this.timeout(90_000);
  let s3: TestS3;
  before(async () => {
    s3 = await startS3();
  });
  after(() => s3.stop());
  const holdfast = useHoldfast(() => ({ env: { HOLDFAST_STORE_PATIENCE_SECONDS: '2' } }));

  const storedInS3 = (id: string): Record<string, string[]> =>
    storedAttempts(
      s3.objects().map(({ key }) => key),
      id,
    );

  /** The SHA-256 of what the link of a backup gives. */
  async function downloadedChecksum(databaseId: string, { id }: BackupView): Promise<string> {
    const path = `/api/databases/${databaseId}/backups/${id}/archive`;
    const { download_url: link } = await holdfast().client.expect<{ download_url: string }>(200, 'GET', path);
    const bytes = Buffer.from(await (await fetch(link)).arrayBuffer());
    return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  }

  it('leaves no object and no open upload when it is away for longer than anybody waits, and the next attempt is whole', async () => {
    const { client } = holdfast();
    const source = await sourceDatabase(20);
    const databaseId = await register(holdfast(), source, await s3Destination(holdfast(), s3));
    const hold = await holdDumps(source);
    const { id } = await client.backup(databaseId);
    await heldDumps(source);
    await until('a part to arrive', 10, () => s3.openUploads().some(({ parts }) => parts > 0));
    await s3.pause();
    await hold.release();
    const failed = await client.waitFor(id, ['scheduled'], 40);
    expect(failed.error?.code).to.equal('store_unreachable');
    expect(s3.openUploads(), 'what could not be aborted').to.have.length(1);
    await s3.resume();

    const backup = await client.waitFor(id, ['done'], 30);
    expect(backup).to.include({ error: null }).and.have.property('attempt').above(1);
    await untilSwept(holdfast(), id);
    expect(s3.openUploads()).to.deep.equal([]);
    expect(storedInS3(id)).to.deep.equal({ [`a${backup.attempt}`]: wholeBackup });
    expect(await downloadedChecksum(databaseId, backup)).to.equal(backup.checksum);
  });

  it('does not make a backup done that it keeps a byte less of', async () => {
    const { client } = holdfast();
    const databaseId = await register(holdfast(), await sourceDatabase(), await s3Destination(holdfast(), s3));
    s3.faults.add({ kind: 'putObject', effect: { type: 'loseByte' } });
    const { id } = await client.backup(databaseId);
    const { error } = await client.waitFor(id, ['error'], 30);
    s3.faults.clear();
    expect(error?.code).to.equal('upload_unverified');
    await untilSwept(holdfast(), id);
    expect(storedInS3(id)).to.deep.equal({});

    const second = await client.backup(databaseId);
    const backup = await client.waitFor(second.id, ['done'], 20);
    expect(await downloadedChecksum(databaseId, backup)).to.equal(backup.checksum);
  });

  it('keeps no object of a worker that was killed when it had stored the dump', async () => {
    const { client, workers } = holdfast();
    const databaseId = await register(holdfast(), await sourceDatabase(), await s3Destination(holdfast(), s3));
    s3.faults.add({ kind: 'putObject', from: 2, times: 1, effect: { type: 'slow', ms: 60_000 } });
    const before = s3.requests.putObject ?? 0;
    const { id } = await client.backup(databaseId);
    await until('the manifest to be on its way', 20, () => (s3.requests.putObject ?? 0) >= before + 2);
    expect(storedInS3(id)).to.deep.equal({ a1: ['dump.pgdump.zst'] });
    for (const worker of workers.splice(0)) await worker.kill();
    workers.push(await holdfast().startWorker());

    const backup = await client.waitFor(id, ['done'], 20);
    expect(backup.attempt).to.equal(2);
    await untilSwept(holdfast(), id);
    expect(storedInS3(id)).to.deep.equal({ a2: wholeBackup });
  });

  it('ends in an error that says so while its disk is full, and in a whole backup once there is room', async function full() {
    const { client, localRoot } = holdfast();
    const folder = join(localRoot, 'full');
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'pipe' });
    } catch (error) {
      process.stderr.write(`skipped: a small file system cannot be mounted: ${(error as Error).message}\n`);
      return this.skip();
    }
    try {
      const databaseId = await register(
        holdfast(),
        await sourceDatabase(6),
        await localDestination(holdfast(), 'full'),
      );
      const first = await client.backup(databaseId);
      const { error, attempt } = await client.waitFor(first.id, ['error'], 30);
      expect(attempt).to.equal(3);
      expect(error?.code).to.equal('store_full');
      expect(error?.message).to.match(/space/);
      await untilSwept(holdfast(), first.id);
      expect(storedLocally(holdfast(), first.id)).to.deep.equal({});

      const second = await client.backup(databaseId);
      await until('a first failure', 20, async () => (await client.findBackup(second.id)).error !== null);
      execFileSync('mount', ['-o', 'remount,size=64m', folder]);
      const backup = await client.waitFor(second.id, ['done'], 20);
      expect(backup.attempt).to.be.above(1);
      await untilSwept(holdfast(), second.id);
      expect(storedLocally(holdfast(), second.id)).to.deep.equal({ [`a${backup.attempt}`]: wholeBackup });
      expect(await downloadedChecksum(databaseId, backup)).to.equal(backup.checksum);
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});
