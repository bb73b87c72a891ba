import { HoldfastError, Secret, type ErrorCode, type ObjectStore, type S3Settings } from '@holdfast/shared/domain';
import { startS3, type Dialect, type Effect, type RequestKind, type TestS3 } from '@holdfast/testing/s3';
import { collect, contentOf, failingAfter, failureOf, stallingAfter, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { buffer } from 'node:stream/consumers';
import { until } from '@holdfast/testing/until';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';
import type { S3Options } from './options.ts';

const part = 64 * 1024;
const never = new AbortController().signal;
const quick: Partial<S3Options> = {
  firstPart: part,
  idleTimeoutMs: 400,
  connectTimeoutMs: 1000,
  checkTimeoutMs: 3000,
  requestAttempts: 2,
  pauses: { baseSeconds: 0.02, capSeconds: 0.05 },
  furtherTrials: 2,
};

describe('an S3 store whose server misbehaves', () => {
  let server: TestS3;
  let store: ObjectStore;

  const use = async (
    changed: {
      dialect?: Partial<Dialect>;
      settings?: Partial<S3Settings>;
      options?: Partial<S3Options>;
      patienceSeconds?: number;
    } = {},
  ): Promise<void> => {
    server = await startS3({ dialect: { minPartSize: part, ...changed.dialect } });
    const destination = s3Destination(server, changed.settings);
    const { patienceSeconds = testSettings.patienceSeconds } = changed;
    store = openS3Store(destination, { ...testSettings, patienceSeconds }, { ...quick, ...changed.options });
  };
  afterEach(async () => {
    await store.close();
    await server.stop();
  });

  const content = contentOf(5 * part + 99);
  const put = (body = streamOf(content), signal = never) => store.put('backup/dump', body, { signal });
  const arrives = async (): Promise<void> => {
    await put();
    expect((await buffer(await store.get('backup/dump', { signal: never }))).equals(content)).to.equal(true);
    expect(server.openUploads()).to.deep.equal([]);
    expect(server.objects()).to.have.length(1);
  };
  const failsWith = async (code: ErrorCode, body = streamOf(content)): Promise<HoldfastError> => {
    const error = await failureOf(put(body));
    expect(error).to.be.instanceOf(HoldfastError).and.to.include({ code });
    expect(body.destroyed).to.equal(true);
    expect(server.objects()).to.deep.equal([]);
    expect(server.openUploads()).to.deep.equal([]);
    return error as HoldfastError;
  };

  const passing: [string, RequestKind, Effect, number][] = [
    ['a part that is refused with 503', 'uploadPart', { type: 'answer', status: 503, code: 'SlowDown' }, 4],
    ['a part whose connection breaks before', 'uploadPart', { type: 'dropBefore' }, 3],
    ['a part whose answer is lost', 'uploadPart', { type: 'dropAfter' }, 3],
    ['a part that stalls', 'uploadPart', { type: 'stall' }, 2],
    ['a part that is confirmed without an ETag', 'uploadPart', { type: 'noEtag' }, 2],
    ['a part that is confirmed with a wrong ETag', 'uploadPart', { type: 'wrongEtag' }, 2],
    ['a start of the upload whose answer is lost', 'createUpload', { type: 'dropAfter' }, 1],
    ['a completion whose answer is lost', 'completeUpload', { type: 'dropAfter' }, 1],
    [
      'a completion that answers 200 with an error',
      'completeUpload',
      { type: 'errorInside200', code: 'InternalError' },
      1,
    ],
    ['a look at the object that is refused with 500', 'headObject', { type: 'answer', status: 500, code: '' }, 1],
  ];
  for (const [what, kind, effect, times] of passing) {
    it(`survives ${what}`, async () => {
      await use();
      server.faults.add({ kind, effect, times });
      await arrives();
    });
  }

  const failing: [string, RequestKind, Effect, ErrorCode][] = [
    ['every part is refused', 'uploadPart', { type: 'answer', status: 500, code: 'InternalError' }, 'store_unreachable'],
    ['parts are denied', 'uploadPart', { type: 'answer', status: 403, code: 'AccessDenied' }, 'store_denied'],
    ['every part stalls', 'uploadPart', { type: 'stall' }, 'store_unreachable'],
    ['no part is confirmed with an ETag', 'uploadPart', { type: 'noEtag' }, 'upload_unverified'],
    ['every part is kept differently', 'uploadPart', { type: 'wrongEtag' }, 'upload_unverified'],
    ['the upload cannot be started', 'createUpload', { type: 'answer', status: 403, code: 'AccessDenied' }, 'store_denied'],
    ['the answers to the start are lost', 'createUpload', { type: 'dropAfter' }, 'store_unreachable'],
    ['the completion is refused', 'completeUpload', { type: 'answer', status: 400, code: 'InvalidPart' }, 'store_failed'],
    ['the completion answers 200 with an error', 'completeUpload', { type: 'errorInside200', code: 'InternalError' }, 'store_unreachable'],
    ['the error in the 200 ends in a line feed', 'completeUpload', { type: 'errorInside200', code: 'InternalError', tail: '\n' }, 'store_failed'],
    ['the completion stalls', 'completeUpload', { type: 'stall' }, 'store_unreachable'],
    ['the completed object has another size', 'completeUpload', { type: 'loseByte' }, 'upload_unverified'],
    ['the completed object has another checksum', 'completeUpload', { type: 'wrongEtag' }, 'upload_unverified'],
    ['the store is full', 'uploadPart', { type: 'answer', status: 507, code: 'XMinioStorageFull' }, 'store_full'],
  ]; // prettier-ignore
  for (const [what, kind, effect, code] of failing) {
    it(`leaves nothing and says ${code} when ${what}`, async () => {
      await use();
      server.faults.add({ kind, effect });
      await failsWith(code);
    });
  }

  const small: [string, Effect, ErrorCode | null][] = [
    ['is refused once', { type: 'answer', status: 500, code: 'InternalError' }, null],
    ['has another size', { type: 'loseByte' }, 'upload_unverified'],
    ['has another checksum', { type: 'wrongEtag' }, 'upload_unverified'],
  ];
  for (const [what, effect, code] of small) {
    it(`${code ? 'leaves nothing of' : 'stores'} an object of one request when it ${what}`, async () => {
      await use();
      server.faults.add({ kind: 'putObject', effect, times: 1 });
      if (code) await failsWith(code, streamOf(contentOf(10)));
      else expect(await put(streamOf(contentOf(10)))).to.include({ size: 10 });
    });
  }

  it('keeps the first error when cleaning up fails too, and the upload is found by its key', async () => {
    await use();
    server.faults.add(
      { kind: 'uploadPart', effect: { type: 'answer', status: 403, code: 'AccessDenied' } },
      { kind: 'abortUpload', effect: { type: 'answer', status: 500, code: 'InternalError' } },
    );
    expect(await failureOf(put())).to.include({ code: 'store_denied' });
    server.faults.clear();
    const left = await collect(store.listUploads('backup/'));
    expect(left).to.have.length(1);
    for (const upload of left) await store.abortUpload(upload);
    expect(server.openUploads()).to.deep.equal([]);
  });

  it('leaves no upload that its store kept after the removal, as for a part that was on its way', async () => {
    await use();
    server.faults.add(
      { kind: 'uploadPart', effect: { type: 'stall' } },
      { kind: 'abortUpload', effect: { type: 'answer', status: 204, code: '' }, times: 2 },
    );
    const died = new HoldfastError('dump_failed', 'The dump died.');
    expect(await failureOf(put(failingAfter(contentOf(2 * part), died)))).to.equal(died);
    expect(server.openUploads()).to.deep.equal([]);
    expect(server.requests.abortUpload).to.equal(3);
  });

  it('stops reading the body at the first part that cannot be stored', async () => {
    await use();
    server.faults.add({ kind: 'uploadPart', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
    const endless = stallingAfter(content);
    await failsWith('store_denied', endless);
  });

  it('ends with the reason and leaves nothing when it is aborted while parts stall', async () => {
    await use({ options: { idleTimeoutMs: 60_000 } });
    server.faults.add({ kind: 'uploadPart', effect: { type: 'stall' } });
    const controller = new AbortController();
    const work = failureOf(put(streamOf(content), controller.signal));
    await until('the condition', 10, () => (server.requests.uploadPart ?? 0) > 0);
    const reason = new HoldfastError('lease_lost');
    controller.abort(reason);
    expect(await work).to.equal(reason);
    expect(server.openUploads()).to.deep.equal([]);
  });

  it('survives a restart of the server in the middle', async () => {
    await use({ patienceSeconds: 5 });
    const slow = { kind: 'uploadPart', effect: { type: 'slow', ms: 100 } } as const;
    server.faults.add(slow);
    const work = put();
    await until('the condition', 10, () => (server.requests.uploadPart ?? 0) > 1);
    await server.restart();
    expect(await work).to.include({ size: content.length });
    expect(server.openUploads()).to.deep.equal([]);
  });

  it('says store_unreachable within seconds when the server goes away in the middle', async () => {
    await use();
    server.faults.add({ kind: 'uploadPart', effect: { type: 'slow', ms: 200 } });
    const work = failureOf(put());
    await until('the condition', 10, () => (server.requests.uploadPart ?? 0) > 1);
    await server.pause();
    expect(await work).to.include({ code: 'store_unreachable' });
    await server.resume();
    expect(await collect(store.listUploads('backup/'))).to.have.length(1);
  });

  it('sends at most the allowed number of parts at once and never allocates more than their buffers', async () => {
    let allocated = 0;
    const allocate = (size: number): Buffer => {
      allocated += 1;
      return Buffer.allocUnsafeSlow(size);
    };
    await use({ options: { allocate } });
    await put(streamOf(contentOf(60 * part)));
    expect(allocated).to.be.at.most(testSettings.partConcurrency + 1);
  });

  it('says what fits when the archive needs more parts than the destination allows', async () => {
    await use({ settings: { maxParts: 3 }, dialect: { maxParts: 3 }, options: { equalParts: true } });
    const error = await failsWith('store_too_large');
    expect(error.message).to.include('192 KiB').and.to.include('3 parts');
  });

  it('fills the last allowed part', async () => {
    await use({ settings: { maxParts: 3 }, dialect: { maxParts: 3 }, options: { equalParts: true } });
    expect(await put(streamOf(contentOf(3 * part)))).to.include({ size: 3 * part });
  });

  it('works where unfinished uploads cannot be listed', async () => {
    await use({ dialect: { noUploadListing: true } });
    await arrives();
    expect(await collect(store.listUploads(''))).to.deep.equal([]);
    expect(await store.probe(never)).to.deep.equal({ ok: true, problems: [] });
  });

  it('lets a reader pause for longer than the idle limit', async () => {
    await use();
    const large = contentOf(8 * 1024 * 1024);
    await put(streamOf(large));
    const stream = await store.get('backup/dump', { signal: never });
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (chunks.length === 0) await new Promise((resolve) => setTimeout(resolve, 1500));
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).equals(large)).to.equal(true);
  });

  it('closes the connection of a read that is given up', async () => {
    await use();
    await put(streamOf(contentOf(8 * 1024 * 1024)));
    await server.restart();
    const stream = await store.get('backup/dump', { signal: never });
    expect(server.openConnections()).to.equal(1);
    stream.destroy();
    await until('the condition', 10, () => server.openConnections() === 0);
  });

  const refused: [string, Effect, ErrorCode][] = [
    ['an unknown access key', { type: 'answer', status: 403, code: 'InvalidAccessKeyId' }, 'store_auth_failed'],
    ['a wrong secret key', { type: 'answer', status: 403, code: 'SignatureDoesNotMatch' }, 'store_auth_failed'],
    ['a wrong clock', { type: 'answer', status: 403, code: 'RequestTimeTooSkewed' }, 'store_auth_failed'],
    ['a missing bucket', { type: 'answer', status: 404, code: 'NoSuchBucket' }, 'bucket_missing'],
    ['a bucket elsewhere', { type: 'answer', status: 301, code: 'PermanentRedirect' }, 'configuration'],
  ];
  for (const [what, effect, code] of refused) {
    it(`names ${what} with one request and before the body is read`, async () => {
      await use();
      server.faults.add({ kind: 'listObjects', effect });
      const body = streamOf(content);
      const error = await failsWith(code, body);
      expect(body.readableDidRead).to.equal(false);
      expect(server.requests).to.deep.equal({ listObjects: 1 });
      expect(error.message).to.match(/127\.0\.0\.1|backups/);
      expect(JSON.stringify([error.message, error.cause])).not.to.include(server.secretKey);
    });
  }

  it('gives up within seconds when the server accepts connections and never answers', async () => {
    await use({ options: { idleTimeoutMs: 60_000, checkTimeoutMs: 500 } });
    server.faults.add({ kind: 'listObjects', effect: { type: 'stall' } });
    const error = await failsWith('store_unreachable');
    expect(error.message).to.include('did not answer');
  });

  it('stores with a key that may not list', async () => {
    await use();
    server.faults.add({ kind: 'listObjects', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
    await arrives();
  });

  it('does not take a missing bucket or a wrong key for a missing object', async () => {
    await use();
    const missing = openS3Store(s3Destination(server, { bucket: 'missing' }), testSettings, quick);
    expect(await failureOf(missing.head('x'))).to.include({ code: 'bucket_missing' });
    expect(await failureOf(missing.get('x', { signal: never }))).to.include({ code: 'bucket_missing' });
    expect(await failureOf(missing.delete('x'))).to.include({ code: 'bucket_missing' });
    const wrong = openS3Store({ ...s3Destination(server), secretKey: new Secret('no') }, testSettings, quick);
    expect(await failureOf(wrong.head('x'))).to.include({ code: 'store_auth_failed' });
    const elsewhere = openS3Store(s3Destination(server, { region: 'eu-west-1' }), testSettings, quick);
    const error = await failureOf(elsewhere.head('x'));
    expect(error).to.include({ code: 'configuration' });
    expect((error as Error).message).to.include('us-east-1');
    expect((await missing.probe(never)).problems[0]).to.include('does not exist');
  });

  it('notices that the probe cannot delete', async () => {
    await use();
    server.faults.add({ kind: 'deleteObject', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
    const { ok, problems } = await store.probe(never);
    expect(ok).to.equal(false);
    expect(problems).to.have.length(1);
    expect(problems[0]).to.include('could not be removed');
  });

  it('does not follow a redirect', async () => {
    await use();
    const other = await startS3();
    server.faults.add({ kind: 'getObject', effect: { type: 'answer', status: 307, code: 'TemporaryRedirect' } });
    expect(await failureOf(store.get('x', { signal: never }))).to.include({ code: 'configuration' });
    expect(other.requests).to.deep.equal({});
    await other.stop();
  });

  it('ends what runs when it is closed', async () => {
    await use({ options: { idleTimeoutMs: 60_000 } });
    server.faults.add({ kind: 'headObject', effect: { type: 'stall' } });
    const work = failureOf(store.head('x'));
    await until('the condition', 10, () => server.requests.headObject === 1);
    await store.close();
    expect(await work).to.be.instanceOf(HoldfastError);
  });
});
