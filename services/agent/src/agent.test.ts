import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { HoldfastError, type Dump } from '@holdfast/shared/domain';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { removeLeftOvers } from './left-overs.ts';
import type { Source } from './sources/index.ts';
import { openBed, type Bed } from './testing/bed.ts';

const content = randomBytes(300_000);
const database = { id: '0190a1b2-0000-7000-8000-000000000000', name: 'shop', type: 'files' as const };

/** A source of one buffer. */
function buffered(stream: () => Readable = () => Readable.from([content], { objectMode: false })): Source {
  return {
    type: 'files',
    dump: async (): Promise<Dump> => ({
      stream: stream(),
      fileName: 'archive.tar',
      format: 'tar',
      tool: { name: 'test', version: '1' },
      serverVersion: 'test',
      estimatedBytes: null,
    }),
    restore: () => Promise.reject(new HoldfastError('restore_failed')),
    cleanUpRestore: async () => undefined,
  };
}

/** Never ends by itself. */
const endless = (): Readable => {
  let first = true;
  return new Readable({
    read() {
      if (first) this.push(content);
      first = false;
    },
  });
};

describe('agent', function suite() {
  let bed: Bed;
  beforeEach(async () => {
    bed = await openBed();
  });
  afterEach(async function close() {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.log());
    await bed.close();
  });

  const reported = async (): Promise<Record<string, unknown>> => {
    await until('a report', 10, () => bed.double.reports.length > 0);
    await until('the spool to be empty', 15, () => bed.spooled().length === 0);
    return bed.double.reports.at(-1) ?? {};
  };

  function expectWhole(report: Record<string, unknown>): void {
    const archive = bed.double.archive();
    expect(gunzipSync(archive).equals(content)).to.equal(true);
    const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    const count = Math.ceil(archive.length / bed.double.partSize);
    expect(report).to.deep.equal({
      successful: true,
      checksum: sha256(archive),
      checksum_type: 'sha256',
      size: archive.length,
      parts: Array.from({ length: count }, (_, index) => ({ etag: `"etag-${index + 1}"`, part_number: index + 1 })),
      archive: {
        format: 'tar',
        codecs: ['gzip'],
        plain: { size: content.length, sha256: sha256(content) },
        tool: { name: 'test', version: '1' },
        server_version: 'test',
      },
    });
  }

  it('claims a backup, uploads it part by part and reports what it measured', async () => {
    bed.double.offer({ database });
    bed.start({ shop: buffered() });
    expectWhole(await reported());
    for (const { bytes, headers } of bed.double.received) {
      expect(headers).to.include({ 'content-type': 'application/x-gzip', 'content-length': String(bytes.length) });
      expect(headers).not.to.have.any.keys('authorization', 'transfer-encoding');
    }
    expect(bed.double.received.map(({ part }) => part)).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('sends a part again with the very same bytes when the store fails, the connection is cut or nothing moves', async () => {
    bed.double.offer({ database });
    bed.double.fault('put', { type: 'answer', status: 500 });
    bed.double.fault('put', { type: 'deaf' });
    bed.double.fault('put', { type: 'stall' });
    bed.double.fault('put', { type: 'answer', status: 429 });
    bed.start({ shop: buffered() });
    expectWhole(await reported());
    const first = bed.double.received.filter(({ part }) => part === 1);
    expect(first).to.have.length(5);
    for (const { bytes } of first) expect(bytes.equals(first[0]?.bytes ?? Buffer.alloc(0))).to.equal(true);
  });

  it('sends a part that was cut in its middle from its beginning', async () => {
    bed.double.partSize = 200_000;
    bed.double.offer({ database });
    bed.double.fault('put', { type: 'cut', bytes: 50_000 });
    bed.start({ shop: buffered() });
    expectWhole(await reported());
    const [cut, again] = bed.double.received;
    expect(cut?.bytes.length).to.be.within(50_000, 199_999);
    expect(again?.bytes.subarray(0, cut?.bytes.length).equals(cut?.bytes ?? Buffer.alloc(0))).to.equal(true);
  });

  it('asks for new links and starts the upload anew when a link has expired', async () => {
    bed.double.offer({ database });
    bed.start({ shop: buffered() });
    bed.double.fault('put', { type: 'answer', status: 403 });
    expectWhole(await reported());
    expect(bed.double.log.filter((line) => line === 'links')).to.have.length(2);
    expect(bed.double.log.filter((line) => line === 'put 1')).to.have.length(2);
  });

  it('gives up when links are refused again and again, and reports the failure', async () => {
    bed.double.offer({ database });
    bed.double.fault('put', { type: 'answer', status: 403 }, 10);
    bed.start({ shop: buffered() });
    expect(await reported()).to.deep.equal({ successful: false });
    expect(bed.double.log.filter((line) => line === 'links')).to.have.length(3);
  });

  for (const [name, effect] of [
    ['a refusal that no repetition mends', { type: 'answer', status: 400 }],
    ['a part without an ETag', { type: 'noEtag' }],
  ] as const) {
    it(`takes ${name} for final`, async () => {
      bed.double.offer({ database });
      bed.double.fault('put', effect);
      bed.start({ shop: buffered() });
      expect(await reported()).to.deep.equal({ successful: false });
      expect(bed.double.received).to.have.length(1);
    });
  }

  it('repeats its report until it is taken, and keeps the archive until then', async () => {
    bed.double.offer({ database });
    bed.double.fault('report', { type: 'answer', status: 500 }, 3);
    bed.double.fault('report', { type: 'deaf' });
    bed.start({ shop: buffered() }, { pace: { baseSeconds: 0.2, capSeconds: 0.4 } });
    await until('a report that was refused', 15, () => bed.double.log.includes('report'));
    expect(bed.spooled()).to.have.length(1);
    expectWhole(await reported());
    expect(bed.double.reports).to.have.length(2);
  });

  it('lets go of an archive whose report is refused for good', async () => {
    bed.double.offer({ database });
    bed.double.fault('report', { type: 'answer', status: 400 });
    bed.start({ shop: buffered() });
    await until('the refusal', 15, () => bed.log().includes('does not take the report'));
    await until('the spool to be empty', 15, () => bed.spooled().length === 0);
    expect(bed.double.log.filter((line) => line === 'report')).to.have.length(1);
  });

  it('reports a dump that fails in its middle as failed, and uploads nothing of it', async () => {
    const dying = (): Readable => {
      let turn = 0;
      return new Readable({
        read() {
          turn += 1;
          if (turn === 1) this.push(content);
          else this.destroy(new HoldfastError('dump_failed', 'pg_dump exited with code 1'));
        },
      });
    };
    bed.double.offer({ database });
    bed.start({ shop: buffered(dying) });
    expect(await reported()).to.deep.equal({ successful: false });
    expect(bed.double.log).not.to.include('links');
    expect(bed.log()).to.contain('pg_dump exited with code 1');
  });

  it('reads nothing that its own configuration does not name, whatever the service asks for', async () => {
    for (const name of ['other', '__proto__', 'constructor']) {
      bed.double.offer({ database: { ...database, name } });
    }
    bed.double.offer({ database: { ...database, type: 'postgresql' } });
    bed.start({ shop: buffered() });
    await until('four reports', 15, () => bed.double.reports.length === 4);
    for (const report of bed.double.reports) expect(report).to.deep.equal({ successful: false });
    expect(bed.log()).to.contain('no source \\"other\\"').and.to.contain('of type files here');
    expect(bed.double.log).not.to.include('links');
  });

  it('tells the service three times within its patience that it is at work, with the bytes that are done', async () => {
    bed.double.heartbeatSeconds = 0.6;
    bed.double.offer({ database });
    bed.start({ shop: buffered(endless) });
    await until('heartbeats', 15, () => bed.double.heartbeats.length >= 4);
    expect(bed.double.heartbeats.at(-1)).to.equal(content.length);
    expect(bed.double.reports).to.have.length(0);
  });

  it('stops when the service says so, and reports the failure', async () => {
    bed.double.heartbeatSeconds = 0.3;
    bed.double.cancelled = true;
    bed.double.offer({ database });
    bed.start({ shop: buffered(endless) });
    expect(await reported()).to.deep.equal({ successful: false });
  });

  it('works on while heartbeats fail, until the service has given the job up', async () => {
    bed.double.heartbeatSeconds = 0.9;
    bed.double.fault('heartbeat', { type: 'answer', status: 503 });
    bed.double.fault('heartbeat', { type: 'deaf' });
    bed.double.offer({ database });
    bed.start({ shop: buffered(endless) });
    await until('a heartbeat that is heard', 15, () => bed.double.heartbeats.length >= 2);
    expect(bed.double.reports).to.have.length(0);
    bed.double.fault('heartbeat', { type: 'answer', status: 503 }, 50);
    expect(await reported()).to.deep.equal({ successful: false });
    expect(bed.log()).to.contain('has given the job up');
  });

  it('ends with the reason when the service refuses it at the first request', async () => {
    const agent = bed.start({ shop: buffered() }, { token: 'abcdefghijklmnop.wrong' });
    const failure = await agent.ended.then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(HoldfastError);
    expect((failure as Error).message)
      .to.contain('403')
      .and.to.contain('HOLDFAST_AGENT_TOKEN');
  });

  it('waits for a service that is away, and goes on asking when it was refused later', async () => {
    bed.double.fault('claim', { type: 'answer', status: 502 }, 2);
    bed.double.fault('claim', { type: 'deaf' });
    bed.start({ shop: buffered() });
    await until('it to be welcome', 15, () => bed.log().includes('connected to the service'));
    bed.double.fault('claim', { type: 'answer', status: 403 }, 2);
    bed.double.offer({ database });
    expectWhole(await reported());
  });

  it('finishes its job when it is stopped, within its grace', async () => {
    bed.double.offer({ database });
    bed.double.fault('put', { type: 'answer', status: 500 }, 2);
    const agent = bed.start({ shop: buffered() }, { graceSeconds: 10, pace: { baseSeconds: 0.3 } });
    await until('the upload', 15, () => bed.double.log.includes('put 1'));
    await agent.stop();
    expectWhole(await reported());
  });

  it('aborts its job when the grace is over, and reports it as failed before it ends', async () => {
    bed.double.offer({ database });
    const agent = bed.start({ shop: buffered(endless) }, { graceSeconds: 0.2 });
    await until('the dump', 15, () => bed.spooled().length === 1);
    await agent.stop();
    expect(await reported()).to.deep.equal({ successful: false });
  });

  it('writes no token, no link and no password into its log', async () => {
    bed.double.offer({ database });
    bed.double.fault('put', { type: 'answer', status: 500 });
    bed.double.fault('put', { type: 'answer', status: 403 });
    bed.double.fault('put', { type: 'deaf' });
    bed.double.fault('report', { type: 'answer', status: 500 });
    bed.start({ shop: buffered() });
    await reported();
    expect(bed.log()).to.contain('will be repeated').and.not.to.contain('hunter2');
  });

  it('keeps archives in files that nobody else reads, in a folder that nobody else enters', async () => {
    bed.double.offer({ database });
    bed.start({ shop: buffered(endless) });
    const [name = ''] = await until('the spool file', 15, () => (bed.spooled().length > 0 ? bed.spooled() : null));
    const spool = join(bed.folder, 'spool');
    expect(statSync(spool).mode & 0o777).to.equal(0o700);
    expect(statSync(join(spool, name)).mode & 0o777).to.equal(0o600);
  });

  it('removes at its start what a killed agent left, and cleans up after its restores until nothing is left', async () => {
    const [backup, restore] = ['0190a1b2-0000-7000-8000-000000000001', '0190a1b2-0000-7000-8000-000000000002'];
    for (const name of [`${backup}.backup`, `${restore}.restore`, 'notes.txt']) {
      writeFileSync(join(bed.folder, 'spool', name), 'x');
    }
    const cleaned: string[] = [];
    let away = true;
    const source = {
      ...buffered(),
      cleanUpRestore: async (id: string) => {
        cleaned.push(id);
        if (away) throw new HoldfastError('host_unreachable');
      },
    };
    await removeLeftOvers(bed.spool, new Map([['shop', source]]), bed.logger);
    expect(bed.spooled().sort()).to.deep.equal([`${restore}.restore`, 'notes.txt']);
    away = false;
    await removeLeftOvers(bed.spool, new Map([['shop', source]]), bed.logger);
    expect(bed.spooled()).to.deep.equal(['notes.txt']);
    expect(cleaned).to.deep.equal([restore, restore]);
  });

  it('refuses beforehand to download what its disk cannot hold', async () => {
    const failure = await bed.spool.mustHold(2 ** 60).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(HoldfastError).and.to.include({ code: 'store_full' });
    await bed.spool.mustHold(1);
  });

  // A real full disk needs a file system of its own, which only root can mount.
  if (process.getuid?.() === 0) {
    it('fails with a clear message when the disk of its spool is full, and leaves nothing there', async () => {
      const spool = join(bed.folder, 'spool');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', spool]);
      try {
        bed.double.offer({ database });
        const agent = bed.start({ shop: buffered() });
        expect(await reported()).to.deep.equal({ successful: false });
        expect(bed.log()).to.contain(`The disk of the spool folder ${spool} is full`);
        await agent.stop();
      } finally {
        execFileSync('umount', [spool]);
      }
    });
  }
});
