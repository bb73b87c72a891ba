import { HoldfastError, type ObjectStore } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { buffer } from 'node:stream/consumers';
import { collect, contentOf, failingAfter, failureOf, sha256, stallingAfter, streamOf } from './content.ts';
import { until } from '../until.ts';

export interface OpenedStore {
  store: ObjectStore;
  /** Bytes at which this store starts a new part; any size where it has no parts. */
  partSize: number;
  /** Leaves behind what a killed process leaves: an upload that was neither ended nor aborted. */
  leaveUpload: (key: string) => Promise<void>;
  /** Fetches a link; the usual way when absent. */
  follow?: (link: string, request: LinkRequest) => Promise<Response>;
  close: () => Promise<void>;
}

/** What a client without any knowledge of the store sends to a link. */
export interface LinkRequest {
  method?: 'GET' | 'PUT';
  headers?: Record<string, string>;
  body?: Buffer;
}

const never = new AbortController().signal;

/** The promises of `ObjectStore`, which every implementation keeps. Keys are fresh for each run. */
export function describeStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name} as an object store`, function () {
    this.timeout(60_000);
    let opened: OpenedStore;
    let store: ObjectStore;
    let count = 0;
    const run = `suite-${process.pid}-${Date.now()}`;
    const fresh = (): string => `${run}/${(count += 1)}`;

    before(async function () {
      this.timeout(120_000);
      opened = await open();
      ({ store } = opened);
    });
    after(async () => {
      await opened?.close();
    });

    const put = (key: string, content: Buffer) => store.put(key, streamOf(content), { signal: never });
    const read = async (key: string): Promise<Buffer> => buffer(await store.get(key, { signal: never }));
    const follow = async (link: string, request: LinkRequest): Promise<Response> =>
      opened.follow ? await opened.follow(link, request) : await fetch(link, request);
    const nothingStays = async (key: string): Promise<void> => {
      expect(await store.head(key)).to.equal(null);
      expect(await collect(store.list(key))).to.deep.equal([]);
      expect(await collect(store.listUploads(key))).to.deep.equal([]);
    };
    const sizes: [string, (part: number) => number][] = [
      ['no byte', () => 0],
      ['one byte', () => 1],
      ['a byte less than a part', (part) => part - 1],
      ['exactly one part', (part) => part],
      ['a byte more than a part', (part) => part + 1],
      ['exactly three parts', (part) => 3 * part],
      ['several parts and a rest', (part) => 5 * part + 12_345],
    ];

    for (const [what, sizeFor] of sizes) {
      it(`gives ${what} back as it was put`, async () => {
        const key = fresh();
        const content = contentOf(sizeFor(opened.partSize));
        const stored = await put(key, content);
        expect(stored).to.include({ key, size: content.length });
        expect(stored.modifiedAt.getTime()).to.be.closeTo(Date.now(), 120_000);
        expect((await store.head(key))?.size).to.equal(content.length);
        expect(sha256(await read(key))).to.equal(sha256(content));
        expect(await collect(store.listUploads(key))).to.deep.equal([]);
      });
    }

    it('replaces the whole object when the key is put again', async () => {
      const key = fresh();
      await put(key, contentOf(opened.partSize + 10, 1));
      await put(key, contentOf(100, 2));
      expect((await read(key)).equals(contentOf(100, 2))).to.equal(true);
    });

    for (const [what, sizeFor] of sizes) {
      it(`leaves nothing when the body fails after ${what}, and fails with the body's error`, async () => {
        const key = fresh();
        const died = new HoldfastError('dump_failed', 'The dump died.');
        const body = failingAfter(contentOf(sizeFor(opened.partSize)), died);
        expect(await failureOf(store.put(key, body, { signal: never }))).to.equal(died);
        await nothingStays(key);
      });
    }

    it('leaves nothing when the body had failed before it was read', async () => {
      const key = fresh();
      const died = new HoldfastError('dump_failed', 'The dump died at once.');
      const body = streamOf(contentOf(10)).destroy(died);
      expect(await failureOf(store.put(key, body, { signal: never }))).to.equal(died);
      await nothingStays(key);
    });

    it('leaves nothing when the body is destroyed without an error', async () => {
      for (const size of [0, 1, 2 * opened.partSize + 1]) {
        const key = fresh();
        const body = stallingAfter(contentOf(size));
        setTimeout(() => body.destroy(), 300);
        expect(await failureOf(store.put(key, body, { signal: never }))).to.be.instanceOf(HoldfastError);
        await nothingStays(key);
      }
    });

    it('leaves nothing when it is aborted while the body stalls, and fails with the reason', async () => {
      for (const size of [0, 1, 2 * opened.partSize + 1]) {
        const key = fresh();
        const controller = new AbortController();
        const body = stallingAfter(contentOf(size));
        const reason = new HoldfastError('stopping');
        setTimeout(() => controller.abort(reason), 300);
        expect(await failureOf(store.put(key, body, { signal: controller.signal }))).to.equal(reason);
        expect(body.destroyed).to.equal(true);
        await nothingStays(key);
      }
    });

    it('does nothing when it was aborted before', async () => {
      const key = fresh();
      const reason = new HoldfastError('cancelled');
      const body = streamOf(contentOf(10));
      expect(await failureOf(store.put(key, body, { signal: AbortSignal.abort(reason) }))).to.equal(reason);
      expect(body.destroyed).to.equal(true);
      await nothingStays(key);
    });

    it('keeps the old object when a later body fails', async () => {
      const key = fresh();
      await put(key, contentOf(100));
      const body = failingAfter(contentOf(2 * opened.partSize), new HoldfastError('dump_failed'));
      await failureOf(store.put(key, body, { signal: never }));
      expect((await read(key)).equals(contentOf(100))).to.equal(true);
    });

    it('shows no object before the put resolves', async () => {
      const key = fresh();
      const controller = new AbortController();
      const body = stallingAfter(contentOf(2 * opened.partSize + 1));
      const work = failureOf(store.put(key, body, { signal: controller.signal }));
      await until('the condition', 10, async () => (await collect(store.listUploads(key))).length === 1);
      expect(await store.head(key)).to.equal(null);
      expect(await collect(store.list(key))).to.deep.equal([]);
      controller.abort();
      expect(await work).to.include({ code: 'cancelled' });
      await nothingStays(key);
    });

    it('takes several bodies at once', async () => {
      const keys = [fresh(), fresh(), fresh(), fresh()];
      await Promise.all(keys.map((key, index) => put(key, contentOf(opened.partSize * 2 + index, index + 1))));
      for (const [index, key] of keys.entries()) {
        expect(sha256(await read(key))).to.equal(sha256(contentOf(opened.partSize * 2 + index, index + 1)));
      }
    });

    it('gives the asked range of bytes, also across parts and past the end', async () => {
      const key = fresh();
      const size = 2 * opened.partSize + 1000;
      const content = contentOf(size);
      await put(key, content);
      const ranges: [number, number][] = [
        [0, 0],
        [5, 104],
        [opened.partSize - 10, opened.partSize + 9],
        [size - 1, size - 1],
        [size - 100, size + 5000],
      ];
      for (const [start, end] of ranges) {
        const part = await buffer(await store.get(key, { signal: never, range: { start, end } }));
        expect(part.equals(content.subarray(start, end + 1)), `${start}-${end}`).to.equal(true);
      }
    });

    it('fails with integrity when the range begins after the end', async () => {
      const key = fresh();
      await put(key, contentOf(10));
      const work = store.get(key, { signal: never, range: { start: 10, end: 20 } });
      expect(await failureOf(work)).to.include({ code: 'integrity' });
    });

    it('ends a read with the reason when it is aborted', async () => {
      const key = fresh();
      await put(key, contentOf(4 * 1024 * 1024));
      const controller = new AbortController();
      const stream = await store.get(key, { signal: controller.signal });
      await stream[Symbol.asyncIterator]().next();
      const reason = new HoldfastError('lease_lost');
      const failed = new Promise((resolve) => {
        stream.once('error', resolve);
      });
      controller.abort(reason);
      expect(await failed).to.equal(reason);
    });

    it('says object_missing for a read, and null for a look, of what is not there', async () => {
      const key = fresh();
      expect(await failureOf(store.get(key, { signal: never }))).to.include({ code: 'object_missing' });
      expect(await store.head(key)).to.equal(null);
      expect(await store.head(`${key}/below`)).to.equal(null);
    });

    it('lists what begins with the prefix, in the order of the bytes, and nothing else', async () => {
      const base = fresh();
      const names = ['a/1', 'a/2/x', 'a-b', 'a', 'b/1', 'B', 'é', '￮', '𐀀'].map((name) => `${base}/l-${name}`);
      for (const name of names.filter((key) => !key.endsWith('l-a'))) await put(name, contentOf(3));
      const present = names.filter((key) => !key.endsWith('l-a'));
      const inOrder = present.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      const keys = async (prefix: string) => (await collect(store.list(prefix))).map(({ key }) => key);
      expect(await keys(`${base}/`)).to.deep.equal(inOrder);
      expect(await keys(`${base}/l-a`)).to.deep.equal(inOrder.filter((key) => key.startsWith(`${base}/l-a`)));
      expect(await keys(`${base}/l-a/`)).to.deep.equal([`${base}/l-a/1`, `${base}/l-a/2/x`]);
      expect(await keys(`${base}/nothing`)).to.deep.equal([]);
      expect((await collect(store.list(`${base}/l-b`)))[0]).to.include({ size: 3 });
    });

    it('keeps apart and finds keys with every sort of character', async () => {
      const base = fresh();
      const names = [
        'two  words', 'plus+sign', 'per%20cent', '100%', 'amp&er', 'a=b;c,d', 'que?stion', 'ha#sh', 'quo"te', "apo'strophe",
        'br(ack)[et]{s}', '<xml>', 'back\\slash', 'til~de', 'col:on', 'at@', 'dol$lar', 'star*', 'bang!', 'pipe|', 'ünï cödé',
        '日本語', '🐘', '-dash', '.dot', '..dots', 'dots..', ' leading', 'trailing ',
      ]; // prettier-ignore
      for (const [index, name] of names.entries()) await put(`${base}/${name}/x${name}`, contentOf(20, index + 1));
      const listed = (await collect(store.list(`${base}/`))).map(({ key }) => key);
      expect(listed.toSorted()).to.deep.equal(names.map((name) => `${base}/${name}/x${name}`).toSorted());
      for (const [index, name] of names.entries()) {
        const key = `${base}/${name}/x${name}`;
        expect((await read(key)).equals(contentOf(20, index + 1)), key).to.equal(true);
        await store.delete(key);
      }
      expect(await collect(store.list(base))).to.deep.equal([]);
    });

    it('refuses keys that are not relative paths', async () => {
      for (const key of [
        '',
        '/etc/passwd',
        '../x',
        'a/../../x',
        'a//b',
        'a/./b',
        'a/',
        'a/..',
        'nul\0',
        'line\nfeed',
      ]) {
        const body = streamOf(contentOf(1));
        expect(await failureOf(store.put(key, body, { signal: never })), key).to.include({ code: 'path_outside_root' });
        expect(body.destroyed).to.equal(true);
        expect(await failureOf(store.get(key, { signal: never })), key).to.include({ code: 'path_outside_root' });
        expect(await failureOf(store.head(key)), key).to.include({ code: 'path_outside_root' });
        expect(await failureOf(store.delete(key)), key).to.include({ code: 'path_outside_root' });
      }
    });

    it('removes an object, and succeeds when it is not there', async () => {
      const key = fresh();
      await put(key, contentOf(10));
      await store.delete(key);
      expect(await store.head(key)).to.equal(null);
      await store.delete(key);
      await store.delete(`${key}/never/was`);
    });

    it('finds an upload that a killed process left, and removes it', async () => {
      const key = fresh();
      const before = Date.now();
      await opened.leaveUpload(`${key}/dump`);
      await opened.leaveUpload(`${key}/other`);
      const found = await collect(store.listUploads(`${key}/`));
      expect(found.map((upload) => upload.key).toSorted()).to.deep.equal([`${key}/dump`, `${key}/other`]);
      expect(found[0]?.startedAt.getTime()).to.be.closeTo(before, 120_000);
      expect(await collect(store.list(`${key}/`))).to.deep.equal([]);
      for (const upload of found) await store.abortUpload(upload);
      expect(await collect(store.listUploads(`${key}/`))).to.deep.equal([]);
      for (const upload of found) await store.abortUpload(upload);
    });

    it('gives a link that needs no header and names the file, or null', async () => {
      const key = `${fresh()}/with space+ü.dump`;
      await put(key, contentOf(5000));
      const link = await store.link(key, { expiresInSeconds: 60, fileName: 'my "own" ü.dump' });
      if (link === null) return;
      const answer = await follow(link, {});
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('content-disposition')).to.equal(
        `attachment; filename="my _own_ _.dump"; filename*=UTF-8''my%20%22own%22%20%C3%BC.dump`,
      );
      expect(Buffer.from(await answer.arrayBuffer()).equals(contentOf(5000))).to.equal(true);
      const part = await follow(link, { headers: { range: 'bytes=10-19' } });
      expect(part.status).to.equal(206);
      expect(Buffer.from(await part.arrayBuffer()).equals(contentOf(5000).subarray(10, 20))).to.equal(true);
      const tampered = await follow(link.replace('.dump', '.dumq'), {});
      expect(tampered.status).to.equal(403);
    });

    it('takes what others upload by links, cut as it says, or takes no such uploads', async () => {
      const { remoteUploads } = store;
      if (remoteUploads === null) return;
      for (const reports of [true, false]) {
        const key = `${fresh()}/a b+ü/archive.tar.gz`;
        const content = contentOf(2 * opened.partSize + 1234);
        const contentType = 'application/x-gzip';
        const opening = { size: content.length, contentType, expiresInSeconds: 60 };
        const { uploadId, urls, partSize } = await remoteUploads.open(key, opening);
        expect(urls).to.have.length(Math.ceil(content.length / partSize));
        const parts = [];
        for (const [index, url] of urls.entries()) {
          const body = content.subarray(index * partSize, (index + 1) * partSize);
          const headers = { 'content-type': contentType, 'content-length': String(body.length) };
          const answer = await follow(url, { method: 'PUT', headers, body });
          expect(answer.status, await answer.text()).to.equal(200);
          parts.push({ number: index + 1, etag: answer.headers.get('etag') ?? '' });
        }
        expect(await store.head(key)).to.equal(null);
        const options = { parts: reports ? parts.toReversed() : null, size: content.length, signal: never };
        const stored = await remoteUploads.complete({ key, uploadId }, options);
        expect(stored).to.include({ key, size: content.length });
        expect((await read(key)).equals(content)).to.equal(true);
        const link = await store.link(key, { expiresInSeconds: 60, fileName: 'x' });
        const head = link === null ? null : await follow(link, { headers: { range: 'bytes=0-0' } });
        expect(head?.headers.get('content-type')).to.equal(contentType);
        expect(await collect(store.listUploads(key))).to.deep.equal([]);
        expect(await remoteUploads.complete({ key, uploadId }, options), 'asked again').to.deep.equal(stored);
      }
    });

    it('says that it keeps no versions and cannot lock, and stores nothing that is to be locked', async () => {
      const none = { versioning: false, objectLock: false, writerMayDelete: true };
      expect(await store.capabilities(never)).to.deep.equal(none);
      const key = fresh();
      const retention = { mode: 'governance', until: new Date(Date.now() + 3_600_000) } as const;
      const failure = await failureOf(store.put(key, streamOf(contentOf(10)), { signal: never, retention }));
      expect(failure).to.include({ code: 'configuration' });
      await nothingStays(key);
      expect(await collect(store.listHidden(key))).to.deep.equal([]);
    });

    it('passes its own probe and leaves nothing of it', async () => {
      expect(await store.probe(never)).to.deep.equal({ ok: true, problems: [] });
      expect(await collect(store.list('holdfast-probe'))).to.deep.equal([]);
    });
  });
}
