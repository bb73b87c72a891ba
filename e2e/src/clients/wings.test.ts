import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination } from '../support/s3.ts';
import { untilSwept, useHoldfast } from '../support/system.ts';
import { isKept, Wings } from '../support/wings.ts';

const mebibyte = 2 ** 20;

describe('the daemon Wings', () => {
  const holdfast = useHoldfast(() => ({
    env: { HOLDFAST_REMOTE_DEADLINE_SECONDS: '6', HOLDFAST_REMOTE_HEARTBEAT_SECONDS: '3' },
  }));
  let s3: TestS3;
  let folder: string;
  let server: { id: number; token: string };
  let destinationId: number;
  let wings: Wings;
  let names = 0;

  before(async () => {
    s3 = await startS3();
    folder = mkdtempSync(join(tmpdir(), 'holdfast-wings-'));
    const { client } = holdfast();
    const body = await client.expect<{ server: typeof server }>(201, 'POST', '/api/servers', {
      server: { name: 'node-1' },
    });
    server = body.server;
    destinationId = await s3Destination(holdfast(), s3);
  });
  after(async () => {
    await s3.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    wings = new Wings(holdfast().api.url, server.token);
  });
  afterEach(() => {
    s3.faults.clear();
    expect(wings.said.filter(({ redirected }) => redirected)).to.deep.equal([]);
  });

  /** A backup that waits, of a database of its own, and an archive for it. */
  async function asked(content = randomBytes(100_000)): Promise<{ id: string; file: string }> {
    names += 1;
    const database = { name: `volume ${names}`, type: 'files', server_id: server.id, destination_id: destinationId };
    const { client } = holdfast();
    const made = await client.expect<{ database: { id: string } }>(201, 'POST', '/api/databases', { database });
    const { id } = await client.backup(made.database.id);
    const file = join(folder, `${id}.tar.gz`);
    writeFileSync(file, content);
    return { id, file };
  }
  const openUploads = (id: string) => s3.openUploads().filter(({ key }) => key.includes(id));
  const objects = (id: string) => s3.objects().filter(({ key }) => key.includes(id));

  it('backs up in parts, one after another, and what it uploaded comes back byte for byte with its type', async () => {
    const { id, file } = await asked(Buffer.alloc(70 * mebibyte, 'volume'));
    await wings.backUp(id, file);
    const { client } = holdfast();
    const done = await client.waitFor(id, ['done'], 20);
    const content = readFileSync(file);
    expect(done).to.include({
      size: content.length,
      checksum: `sha1:${createHash('sha1').update(content).digest('hex')}`,
    });
    expect(wings.said.map(({ status }) => status)).to.deep.equal([200, 204]);
    expect(s3.requests.uploadPart).to.be.greaterThan(1);
    const { database_id: databaseId } = done as unknown as { database_id: string };
    const path = `/api/databases/${databaseId}/backups/${id}/archive`;
    const { download_url: link } = await client.expect<{ download_url: string }>(200, 'GET', path);
    const download = await fetch(link);
    expect(download.headers.get('content-type')).to.equal('application/x-gzip');
    expect(Buffer.from(await download.arrayBuffer()).equals(content)).to.equal(true);
    expect(openUploads(id)).to.deep.equal([]);
  });

  it('keeps its copy while the store fails for a while, and succeeds by its own retries', async () => {
    const { id, file } = await asked();
    const report = await wings.upload(id, file);
    s3.faults.add({ kind: 'completeUpload', effect: { type: 'answer', status: 503, code: 'SlowDown' } });
    const reported = wings.settle(id, file, report);
    await until('the first refusal', 20, () => wings.said.some(({ status }) => status >= 500));
    expect(await holdfast().client.findBackup(id)).to.include({ status: 'pending' });
    s3.faults.clear();
    await reported;
    expect(isKept(file)).to.equal(true);
    expect(await holdfast().client.findBackup(id)).to.include({ status: 'done', error: null });
    expect(wings.said.at(-1)).to.include({ status: 204 });
  });

  it('succeeds when the answer to its report was lost and it sends it again', async () => {
    const { id, file } = await asked();
    const report = await wings.upload(id, file);
    await wings.settle(id, file, report);
    await wings.settle(id, file, report);
    expect(wings.said.map(({ status }) => status)).to.deep.equal([200, 204, 204]);
    expect(isKept(file)).to.equal(true);
  });

  it('sends its report of failure when a part is refused, and nothing stays of the backup', async () => {
    const { id, file } = await asked();
    s3.faults.add({ kind: 'uploadPart', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
    const failed = await wings.backUp(id, file).catch((error: Error) => error.message);
    expect(failed).to.include('HTTP 403');
    expect(isKept(file)).to.equal(false);
    const backup = await holdfast().client.findBackup(id);
    expect(backup).to.include({ status: 'error', size: 0, checksum: null });
    expect(backup.error?.code).to.equal('remote_failed');
    expect(openUploads(id)).to.deep.equal([]);
    expect(wings.said.map(({ status }) => status)).to.deep.equal([200, 204]);
  });

  it('is told for good, once, when its report can never be true, and deletes its copy', async () => {
    const { id, file } = await asked();
    const report = await wings.upload(id, file);
    await expectRefusal(wings.settle(id, file, { ...report, size: 5 }), 'HTTP 400');
    expect(isKept(file)).to.equal(false);
    expect(wings.said.map(({ status }) => status)).to.deep.equal([200, 400]);
    expect(await holdfast().client.findBackup(id)).to.include({ status: 'pending' });
  });

  it('is not waited for any longer than its deadline, and the sweep removes what it had begun', async () => {
    const { id, file } = await asked();
    await wings.upload(id, file);
    expect(openUploads(id)).to.have.length(1);
    const backup = await holdfast().client.waitFor(id, ['error'], 15);
    expect(backup.error?.code).to.equal('abandoned');
    await untilSwept(holdfast(), id);
    expect([openUploads(id), objects(id)]).to.deep.equal([[], []]);
    await expectRefusal(wings.backUp(id, file), 'HTTP 409');
  });

  it('is waited for as long as it shows that it is at work', async () => {
    const { id, file } = await asked();
    const report = await wings.upload(id, file);
    const begun = performance.now();
    const headers = { Authorization: `Bearer ${server.token}`, 'Content-Type': 'application/json' };
    while (performance.now() - begun < 8000) {
      const url = `${holdfast().api.url}/api/remote/jobs/${id}/heartbeat`;
      const answer = await fetch(url, { method: 'POST', headers, body: '{"bytes":1}' });
      expect(await answer.json()).to.deep.equal({ cancelled: false });
      await delay(500);
    }
    await wings.report(id, report);
    expect(await holdfast().client.findBackup(id)).to.include({ status: 'done' });
  });
});

async function expectRefusal(work: Promise<void>, text: string): Promise<void> {
  const failed = await work.then(
    () => 'it was accepted',
    (error: Error) => error.message,
  );
  expect(failed).to.include(text);
}
