import {
  HoldfastError,
  type ErrorCode,
  type ObjectStore,
  type RemoteUploads,
  type S3Settings,
  type UploadedPart,
} from '@holdfast/shared/domain';
import { systemClock } from '@holdfast/shared/lifecycle';
import { startS3, type Dialect, type Effect, type RequestKind, type TestS3 } from '@holdfast/testing/s3';
import { collect, contentOf, failureOf } from '@holdfast/testing/stores';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { S3Connection } from './connection.ts';
import { openS3Store } from './index.ts';
import { signPartLinks } from './links.ts';
import { defaultOptions, type S3Options } from './options.ts';
import { S3RemoteUploads } from './remote-uploads.ts';
import { Removals } from './removals.ts';
import { S3Requests } from './requests.ts';

const part = 64 * 1024;
const never = new AbortController().signal;
const key = 'backup/a1/archive.tar.gz';
const contentType = 'application/x-gzip';
const content = contentOf(3 * part + 99);
const quick: Partial<S3Options> = {
  firstPart: part,
  idleTimeoutMs: 400,
  connectTimeoutMs: 1000,
  checkTimeoutMs: 3000,
  requestAttempts: 2,
};

/** As a client sends a part that knows nothing of the store. */
async function send(url: string, body: Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': contentType, 'content-length': String(body.length), ...headers },
    body,
  });
}

describe('uploads that others make to S3', () => {
  let server: TestS3;
  let store: ObjectStore;
  let uploads: RemoteUploads;

  const use = async (
    changed: { dialect?: Partial<Dialect>; settings?: Partial<S3Settings>; options?: Partial<S3Options> } = {},
  ): Promise<void> => {
    server = await startS3({ dialect: { minPartSize: part, ...changed.dialect } });
    store = openS3Store(s3Destination(server, changed.settings), testSettings, { ...quick, ...changed.options });
    if (!store.remoteUploads) throw new Error('S3 takes uploads by links.');
    uploads = store.remoteUploads;
  };
  afterEach(async () => {
    await store.close();
    await server.stop();
  });

  const open = (size = content.length, expiresInSeconds = 60) =>
    uploads.open(key, { size, contentType, expiresInSeconds });
  /** Opens an upload and sends its parts. */
  const uploaded = async (bytes = content): Promise<{ uploadId: string; parts: UploadedPart[] }> => {
    const { uploadId, urls, partSize } = await open(bytes.length);
    const parts: UploadedPart[] = [];
    for (const [index, url] of urls.entries()) {
      const answer = await send(url, bytes.subarray(index * partSize, (index + 1) * partSize));
      expect(answer.status, await answer.text()).to.equal(200);
      parts.push({ number: index + 1, etag: answer.headers.get('etag') ?? '' });
    }
    return { uploadId, parts };
  };
  const complete = (uploadId: string, parts: readonly UploadedPart[] | null, size = content.length) =>
    uploads.complete({ key, uploadId }, { parts, size, signal: never });
  const expectStored = (): void => {
    expect(server.objects().map((object) => [object.key, object.size])).to.deep.equal([[key, content.length]]);
    expect(server.openUploads()).to.deep.equal([]);
  };

  describe('when opened', () => {
    it('give one link for each part, of equal size but the last, and say the type of the content to the store', async () => {
      await use();
      const { urls, partSize } = await open();
      expect(urls).to.have.length(4);
      expect(partSize).to.equal(part);
      const { uploadId, parts } = await uploaded();
      await complete(uploadId, parts);
      const link = await store.link(key, { expiresInSeconds: 60, fileName: 'x' });
      expect((await fetch(link ?? '')).headers.get('content-type')).to.equal(contentType);
    });

    it('ask for no header: the links sign the host alone and want no checksum', async () => {
      await use({ dialect: { rejectsChecksums: true } });
      const { urls } = await open(1000);
      const { searchParams } = new URL(urls[0] ?? '');
      expect(searchParams.get('X-Amz-SignedHeaders')).to.equal('host');
      expect([...searchParams.keys()].filter((name) => /checksum|sdk/i.test(name))).to.deep.equal([]);
      expect(new Set([...searchParams.keys()].map((name) => name.toLowerCase())).size).to.equal(searchParams.size);
      const bare = await fetch(urls[0] ?? '', { method: 'PUT', body: Buffer.alloc(1000) });
      expect(bare.status).to.equal(200);
    });

    it('give links that take their own part of their own key, by PUT, and nothing else', async () => {
      await use();
      const { urls } = await open();
      const first = urls[0] ?? '';
      const body = content.subarray(0, part);
      const others = [
        first.replace('partNumber=1', 'partNumber=2'),
        first.replace('archive.tar.gz', 'other.tar.gz'),
        first.replace(/uploadId=[^&]+/, 'uploadId=other'),
        first.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=600'),
        first.replace(/&?(partNumber|uploadId)=[^&]+/g, ''),
      ];
      for (const url of others) {
        expect(url).to.not.equal(first);
        expect((await send(url, body)).status, url).to.equal(403);
      }
      expect((await fetch(first)).status).to.equal(403);
      expect((await fetch(first, { method: 'DELETE' })).status).to.equal(403);
      expect(server.openUploads().map(({ parts }) => parts)).to.deep.equal([0]);
      expect((await send(first, body)).status).to.equal(200);
    });

    it('give links that expire', async () => {
      await use();
      const { urls } = await open(1000, 1);
      expect(new URL(urls[0] ?? '').searchParams.get('X-Amz-Expires')).to.equal('1');
      await until('the link to expire', 10, async () => (await send(urls[0] ?? '', Buffer.alloc(1000))).status === 403);
      const { urls: long } = await open(1000, 365 * 24 * 3600);
      expect(new URL(long[0] ?? '').searchParams.get('X-Amz-Expires')).to.equal('604800');
    });

    it('give 10,000 links within seconds, and let others work meanwhile', async () => {
      await use();
      const connection = new S3Connection(s3Destination(server), testSettings, defaultOptions);
      let turns = 0;
      const other = setInterval(() => (turns += 1), 1);
      const started = performance.now();
      const links = await signPartLinks(connection, { key, uploadId: 'u' }, { count: 10_000, expiresInSeconds: 60 });
      clearInterval(other);
      connection.close();
      expect(performance.now() - started).to.be.below(10_000);
      expect(turns).to.be.at.least(10);
      expect(new Set(links).size).to.equal(10_000);
      expect(links.at(-1)).to.include('partNumber=10000&');
    });

    it('are refused with what fits when the archive is too large for the destination', async () => {
      await use({ settings: { maxParts: 1000 }, options: { firstPart: null } });
      const error = await failureOf(open(5 * 1024 ** 4));
      expect(error).to.include({ code: 'store_too_large' });
      expect((error as Error).message)
        .to.include('4.9 TiB')
        .and.to.include('1000 parts');
      expect(server.requests).to.deep.equal({});
      expect((await open(1000 * 5 * 1024 ** 3)).urls).to.have.length(1000);
    });

    it('leave no upload behind when their links cannot be signed', async () => {
      await use();
      const connection = new S3Connection(s3Destination(server), testSettings, { ...defaultOptions, ...quick });
      const requests = new S3Requests(connection);
      const failing = new S3RemoteUploads({
        requests,
        removals: new Removals(connection, requests, systemClock),
        prefix: '',
        maxParts: 10,
        options: defaultOptions,
        sign: () => Promise.reject(new HoldfastError('internal')),
        closing: never,
      });
      const opening = { size: 1000, contentType, expiresInSeconds: 60 };
      expect(await failureOf(failing.open(key, opening))).to.include({ code: 'internal' });
      expect(server.requests).to.include({ createUpload: 1 });
      expect(server.openUploads()).to.deep.equal([]);
      connection.close();
    });

    const refusals: [string, Effect, ErrorCode][] = [
      ['is denied', { type: 'answer', status: 403, code: 'AccessDenied' }, 'store_denied'],
      ['fails', { type: 'answer', status: 500, code: 'InternalError' }, 'store_failed'],
      ['stalls', { type: 'stall' }, 'store_unreachable'],
    ];
    for (const [what, effect, code] of refusals) {
      it(`say ${code} when the store ${what}`, async () => {
        await use();
        server.faults.add({ kind: 'createUpload', effect });
        expect(await failureOf(open())).to.include({ code });
      });
    }

    it('refuse keys that are not relative paths', async () => {
      await use();
      const opening = { size: 1000, contentType, expiresInSeconds: 60 };
      expect(await failureOf(uploads.open('../x', opening))).to.include({ code: 'path_outside_root' });
      const completing = uploads.complete({ key: '../x', uploadId: 'u' }, { parts: null, size: 1, signal: never });
      expect(await failureOf(completing)).to.include({ code: 'path_outside_root' });
      expect(server.requests).to.deep.equal({});
    });
  });

  describe('when completed', () => {
    it('are an object, whatever the order of the parts', async () => {
      await use();
      const { uploadId, parts } = await uploaded();
      expect(await complete(uploadId, parts.toReversed())).to.include({ key, size: content.length });
      expectStored();
    });

    it('take the parts that the store has when none are reported, from all pages of its list', async () => {
      await use({ dialect: { pageSize: 3 } });
      const { uploadId } = await uploaded();
      await complete(uploadId, null);
      expectStored();
      expect(server.requests.listParts).to.equal(2);
    });

    it('work where ETags are no digests, and where parts have to be equal', async () => {
      await use({ dialect: { opaqueEtags: true, equalParts: true } });
      const { uploadId, parts } = await uploaded();
      await complete(uploadId, parts);
      expectStored();
    });

    it('take ETags that lost their quotes', async () => {
      await use();
      const { uploadId, parts } = await uploaded();
      await complete(
        uploadId,
        parts.map(({ number, etag }) => ({ number, etag: etag.replaceAll('"', '') })),
      );
      expectStored();
    });

    it('succeed again with the same object after they have succeeded', async () => {
      await use();
      const { uploadId, parts } = await uploaded();
      const first = await complete(uploadId, parts);
      expect(await complete(uploadId, parts)).to.deep.equal(first);
      expect(await complete(uploadId, null)).to.deep.equal(first);
      expect(server.requests.completeUpload).to.equal(1);
    });

    it('succeed for two that ask at the same time', async () => {
      await use();
      const { uploadId, parts } = await uploaded();
      server.faults.add({ kind: 'completeUpload', effect: { type: 'slow', ms: 100 } });
      const both = await Promise.all([complete(uploadId, parts), complete(uploadId, parts)]);
      expect(both.map(({ size }) => size)).to.deep.equal([content.length, content.length]);
      expectStored();
    });

    it('take the uploads that were begun for the same key before away, and those of other keys not', async () => {
      await use();
      await open();
      const near = await uploads.open(`${key}.part`, { size: 1000, contentType, expiresInSeconds: 60 });
      const { uploadId, parts } = await uploaded();
      await complete(uploadId, parts);
      expect((await collect(store.listUploads(''))).map((upload) => upload.uploadId)).to.deep.equal([near.uploadId]);
    });

    it('succeed where unfinished uploads cannot be listed', async () => {
      await use();
      server.faults.add({ kind: 'listUploads', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
      const { uploadId, parts } = await uploaded();
      await complete(uploadId, parts);
      expectStored();
    });

    const wrong: [string, (parts: UploadedPart[]) => UploadedPart[] | null, number][] = [
      ['another size', (parts) => parts, content.length + 1],
      ['another size, without parts', () => null, content.length - 1],
      ['a wrong ETag', ([first, ...rest]) => [{ number: 1, etag: first?.etag.replace(/[0-9]/, 'f') ?? '' }, ...rest], content.length],
      ['ETags of other parts', (parts) => parts.map(({ etag }, index) => ({ number: parts.length - index, etag })), content.length],
      ['a part that was not uploaded', (parts) => [...parts, { number: 5, etag: '"x"' }], content.length],
      ['a gap', (parts) => parts.filter(({ number }) => number !== 2), content.length],
      ['a part twice', (parts) => [...parts, ...parts.slice(0, 1)], content.length],
      ['no part', () => [], content.length],
    ]; // prettier-ignore
    for (const [what, change, size] of wrong) {
      it(`say upload_unverified for ${what}, make no object, and can then be completed rightly`, async () => {
        await use();
        const { uploadId, parts } = await uploaded();
        expect(await failureOf(complete(uploadId, change(parts), size))).to.include({ code: 'upload_unverified' });
        expect(server.objects()).to.deep.equal([]);
        expect(server.requests.completeUpload).to.equal(undefined);
        await complete(uploadId, parts);
        expectStored();
      });
    }

    it('say upload_unverified when a part is missing from the middle of what the store has, or all are', async () => {
      await use();
      const { uploadId, urls } = await open();
      expect(((await failureOf(complete(uploadId, null))) as Error).message).to.include('No part');
      await send(urls[0] ?? '', content.subarray(0, part));
      await send(urls[2] ?? '', content.subarray(0, part));
      const error = await failureOf(complete(uploadId, null, 2 * part));
      expect(error).to.include({ code: 'upload_unverified' });
      expect((error as Error).message).to.include('part 2 is missing');
      expect(server.objects()).to.deep.equal([]);
      expect(server.openUploads()).to.have.length(1);
    });

    it('say upload_unverified when the store refuses the parts as too small', async () => {
      await use();
      const { uploadId, urls } = await open();
      for (const url of urls) await send(url, Buffer.from('small'));
      expect(await failureOf(complete(uploadId, null, 5 * urls.length))).to.include({ code: 'upload_unverified' });
      expect(server.openUploads()).to.have.length(1);
    });

    it('say object_missing when there is neither the upload nor the object', async () => {
      await use();
      const { uploadId, parts } = await uploaded();
      await store.abortUpload({ key, uploadId, startedAt: new Date(0) });
      expect(await failureOf(complete(uploadId, parts))).to.include({ code: 'object_missing' });
      expect(await failureOf(complete(uploadId, null))).to.include({ code: 'object_missing' });
    });

    it('do not take an object of another size or of other parts for that of an upload that is gone', async () => {
      await use();
      const { uploadId, parts } = await uploaded();
      await complete(uploadId, parts);
      expect(await failureOf(complete(uploadId, null, 5))).to.include({ code: 'upload_unverified' });
      const others = parts.map(({ number }) => ({ number, etag: `"${'0'.repeat(32)}"` }));
      expect(await failureOf(complete(uploadId, others))).to.include({ code: 'upload_unverified' });
      expectStored();
    });

    const survived: [string, RequestKind, Effect][] = [
      ['a list of parts that is refused once', 'listParts', { type: 'answer', status: 503, code: 'SlowDown' }],
      ['a completion whose answer is lost', 'completeUpload', { type: 'dropAfter' }],
      ['a completion that answers 200 with an error', 'completeUpload', { type: 'errorInside200', code: 'InternalError' }],
      ['a completion that breaks before it is done', 'completeUpload', { type: 'dropBefore' }],
      ['a completion that is confirmed without an ETag', 'completeUpload', { type: 'noEtag' }],
      ['a look at the object that is refused once', 'headObject', { type: 'answer', status: 500, code: '' }],
    ]; // prettier-ignore
    for (const [what, kind, effect] of survived) {
      it(`survive ${what}`, async () => {
        await use();
        const { uploadId, parts } = await uploaded();
        server.faults.add({ kind, effect, times: 1 });
        await complete(uploadId, parts);
        expectStored();
      });
    }

    const failing: [string, RequestKind, Effect, ErrorCode][] = [
      ['the parts cannot be listed', 'listParts', { type: 'answer', status: 500, code: 'InternalError' }, 'store_failed'],
      ['the completion fails', 'completeUpload', { type: 'answer', status: 500, code: 'InternalError' }, 'store_failed'],
      ['the completion answers 200 with an error', 'completeUpload', { type: 'errorInside200', code: 'InternalError' }, 'store_failed'],
      ['a page that is not S3 answers the completion', 'completeUpload', { type: 'foreign200', body: '<html>Welcome</html>' }, 'store_failed'],
      ['the completion stalls', 'completeUpload', { type: 'stall' }, 'store_unreachable'],
      ['the connection breaks', 'completeUpload', { type: 'dropBefore' }, 'store_unreachable'],
      ['the object cannot be looked at', 'headObject', { type: 'answer', status: 500, code: '' }, 'store_failed'],
      ['what the store says of the object is lost', 'headObject', { type: 'dropAfter' }, 'store_unreachable'],
    ]; // prettier-ignore
    for (const [what, kind, effect, code] of failing) {
      it(`say ${code}, which may be tried again, when ${what}, and then succeed`, async () => {
        await use();
        const { uploadId, parts } = await uploaded();
        server.faults.add({ kind, effect });
        const error = await failureOf(complete(uploadId, parts));
        expect(error).to.include({ code });
        expect((error as HoldfastError).retryable).to.equal(true);
        server.faults.clear();
        await complete(uploadId, parts);
        expectStored();
      });
    }

    it('survive a lost answer at once where the ETag proves that the object is theirs', async () => {
      await use({ options: { requestAttempts: 1 } });
      const { uploadId, parts } = await uploaded();
      server.faults.add({ kind: 'completeUpload', effect: { type: 'dropAfter' } });
      await complete(uploadId, parts);
      expectStored();
    });

    it('survive a lost answer also where ETags prove nothing, as the upload is gone then', async () => {
      await use({ dialect: { opaqueEtags: true } });
      const { uploadId, parts } = await uploaded();
      server.faults.add({ kind: 'completeUpload', effect: { type: 'dropAfter' }, times: 1 });
      await complete(uploadId, parts);
      expectStored();
    });

    it('succeed at the next call when the answer was lost where ETags prove nothing', async () => {
      await use({ dialect: { opaqueEtags: true }, options: { requestAttempts: 1 } });
      const { uploadId, parts } = await uploaded();
      server.faults.add({ kind: 'completeUpload', effect: { type: 'dropAfter' }, times: 1 });
      expect(await failureOf(complete(uploadId, parts))).to.include({ code: 'store_unreachable' });
      await complete(uploadId, parts);
      expectStored();
    });

    for (const effect of ['loseByte', 'wrongEtag'] as const) {
      it(`say upload_unverified when the object differs (${effect}), also to one who asks again`, async () => {
        await use();
        const { uploadId, parts } = await uploaded();
        server.faults.add({ kind: 'completeUpload', effect: { type: effect } });
        expect(await failureOf(complete(uploadId, parts))).to.include({ code: 'upload_unverified' });
        expect(server.objects()).to.deep.equal([]);
        expect(await failureOf(complete(uploadId, null))).to.include({ code: 'object_missing' });
      });
    }

    it('end with the reason when they are aborted', async () => {
      await use({ options: { idleTimeoutMs: 60_000 } });
      const { uploadId, parts } = await uploaded();
      server.faults.add({ kind: 'completeUpload', effect: { type: 'stall' } });
      const controller = new AbortController();
      const reason = new HoldfastError('timed_out');
      const options = { parts, size: content.length, signal: controller.signal };
      const work = failureOf(uploads.complete({ key, uploadId }, options));
      await until('the completion', 10, () => server.requests.completeUpload === 1);
      controller.abort(reason);
      expect(await work).to.equal(reason);
      expect(server.openUploads()).to.have.length(1);
    });
  });
});
