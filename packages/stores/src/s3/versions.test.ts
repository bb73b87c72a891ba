import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Secret, type S3Destination } from '@holdfast/shared/domain';
import { startS3, type TestS3, type TestUser } from '@holdfast/testing/s3';
import { collect, contentOf, describeVersions, failureOf, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const signal = new AbortController().signal;
const small = { firstPart: 64 * 1024, requestAttempts: 1, checkTimeoutMs: 2000 };
const dialect = { minPartSize: 64 * 1024, pageSize: 3 };

const clientOf = ({ endpoint, region, accessKey: accessKeyId, secretKey: secretAccessKey }: TestS3): S3Client =>
  new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });

describeVersions('S3', async () => {
  const prefix = 'some/where +ü/';
  const server = await startS3({ dialect, objectLock: true });
  const store = openS3Store(s3Destination(server, { prefix }), testSettings, small);
  let passed = 0;
  const { bucket: Bucket } = server;
  const client = clientOf(server);
  return {
    store,
    partSize: small.firstPart,
    hide: async (key) => {
      await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + key }));
    },
    versions: async (under) =>
      server.versions().flatMap(({ key }) => (key.startsWith(prefix + under) ? [key.slice(prefix.length)] : [])),
    now: () => Date.now() + passed,
    pass: async (ms) => {
      passed += ms;
      server.advance(ms);
    },
    close: async () => {
      client.destroy();
      await store.close();
      await server.stop();
    },
  };
});

/** Everything but what is denied. */
const user = (accessKey: string, denied: readonly string[]): TestUser => ({
  accessKey,
  secretKey: `${accessKey}-secret`,
  policy: {
    Statement: [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: denied, Resource: '*' },
    ],
  },
});
const removing = ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:AbortMultipartUpload'];
const writer = user('writer', [...removing, 's3:GetBucketVersioning', 's3:ListBucketVersions']);
const reading = ['s3:GetObject', 's3:PutObject', 's3:ListBucket'];
const deleter = user('deleter', reading);
const plainDeleter = user('plain', ['s3:GetBucketVersioning', 's3:ListBucketVersions']);

describe('a store whose bucket keeps versions', () => {
  let server: TestS3;
  const start = async (options: Parameters<typeof startS3>[0] = {}): Promise<void> => {
    server = await startS3({ dialect, users: [writer, deleter, plainDeleter], ...options });
  };
  afterEach(() => server.stop());

  const keysOf = ({ accessKey, secretKey }: TestUser) => ({
    accessKey: new Secret(accessKey),
    secretKey: new Secret(secretKey),
  });
  const opened = (changes: Partial<S3Destination> = {}) =>
    openS3Store({ ...s3Destination(server), ...changes }, testSettings, small);
  const put = (store: ReturnType<typeof opened>, key = 'x') => store.put(key, streamOf(contentOf(10)), { signal });

  it('writes without a right to remove anything, and removes by the other keys alone', async () => {
    await start({ objectLock: true });
    const store = opened({ ...keysOf(writer), deletionKeys: keysOf(deleter) });
    expect(await store.probe(signal)).to.deep.equal({ ok: true, problems: [] });
    expect(await store.capabilities(signal)).to.deep.equal({
      versioning: true,
      objectLock: true,
      writerMayDelete: false,
    });
    await put(store);
    await store.delete('x');
    expect(server.versions()).to.deep.equal([]);
    expect(server.openUploads()).to.deep.equal([]);
    await store.close();
  });

  it('tells whose keys are refused, or lack a right', async () => {
    await start();
    const wrong = { accessKey: new Secret('deleter'), secretKey: new Secret('wrong') };
    const store = opened({ deletionKeys: wrong });
    expect((await store.probe(signal)).problems.join()).to.match(
      /refused the deletion access key or deletion secret key/,
    );
    await store.close();
    const powerless = opened({ deletionKeys: keysOf(writer) });
    expect((await powerless.probe(signal)).problems.join()).to.match(/give the deletion access key permission to/);
    await powerless.close();
  });

  it('finds out that the keys that write may delete, and leaves no delete marker by that', async () => {
    await start({ versioning: true });
    const store = opened();
    expect(await store.capabilities(signal)).to.deep.equal({
      versioning: true,
      objectLock: false,
      writerMayDelete: true,
    });
    expect(server.versions()).to.deep.equal([]);
    await store.close();
  });

  it('says what it does not know, and what the provider does not have', async () => {
    const blind = user('blind', ['s3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration']);
    await start({ objectLock: true, users: [blind] });
    const store = opened(keysOf(blind));
    expect(await store.capabilities(signal)).to.include({ versioning: null, objectLock: null });
    await store.close();
    await server.stop();
    await start({ dialect: { noVersions: true } });
    const simple = opened();
    const none = { versioning: false, objectLock: false, writerMayDelete: true };
    expect(await simple.capabilities(signal)).to.deep.equal(none);
    await simple.close();
  });

  it('takes back the delete marker where it may not ask for versions, and says what to allow', async () => {
    await start({ objectLock: true });
    const store = opened({ deletionKeys: keysOf(plainDeleter) });
    await put(store);
    const failure = await failureOf(store.delete('x'));
    expect(failure).to.include({ code: 'store_denied' });
    expect((failure as Error).message).to.include('s3:ListBucketVersions');
    expect(server.versions()).to.have.length(1);
    expect((await store.head('x'))?.size).to.equal(10);
    await store.close();
  });

  it('tells a missing right from a lock', async () => {
    const weak = user('weak', ['s3:DeleteObjectVersion']);
    await start({ objectLock: true, users: [weak] });
    const store = opened({ deletionKeys: keysOf(weak) });
    await put(store);
    expect(await failureOf(store.delete('x'))).to.include({ code: 'store_denied' });
    await store.close();
  });

  it('never passes a lock by governance by, though it may', async () => {
    await start({ objectLock: true });
    const store = opened();
    const retention = { mode: 'governance', until: new Date(Date.now() + 60_000) } as const;
    await store.put('x', streamOf(contentOf(10)), { signal, retention });
    expect(await failureOf(store.delete('x'))).to.include({ code: 'object_locked' });
    await store.close();
  });

  it('refuses to store where a lock that is asked for is not possible, or not heeded', async () => {
    const retention = { mode: 'compliance', until: new Date(Date.now() + 60_000) } as const;
    for (const [options, code] of [
      [{}, 'configuration'],
      [{ dialect: { ...dialect, noVersions: true } }, 'upload_unverified'],
    ] as const) {
      await start(options);
      const store = opened();
      const body = streamOf(contentOf(10));
      expect(await failureOf(store.put('x', body, { signal, retention }))).to.include({ code });
      expect(server.objects()).to.deep.equal([]);
      await store.close();
      await server.stop();
    }
    await start();
  });

  it('locks what the store forgot to lock when it put the parts together', async () => {
    await start({ objectLock: true, dialect: { ...dialect, forgetsLockOfParts: true } });
    const store = opened();
    const retention = { mode: 'compliance', until: new Date(Date.now() + 60_000) } as const;
    await store.put('x', streamOf(contentOf(200_000)), { signal, retention });
    expect(server.versions().map(({ lockedUntil }) => lockedUntil)).to.deep.equal([retention.until]);
    expect(server.requests).to.include({ completeUpload: 1, putRetention: 1 });
    await store.close();
  });

  it('locks what others uploaded when it puts the parts together, also when it is asked again', async () => {
    await start({ objectLock: true });
    const store = opened();
    const retention = { mode: 'governance', until: new Date(Date.now() + 60_000) } as const;
    const opening = { size: 10, contentType: 'text/plain', expiresInSeconds: 60 };
    const { uploadId = '', urls = [] } = (await store.remoteUploads?.open('x', opening)) ?? {};
    const { status } = await fetch(urls[0] ?? '', { method: 'PUT', body: '0123456789' });
    expect(status).to.equal(200);
    for (const until of [retention.until, new Date(Date.now() + 90_000)]) {
      const options = { parts: null, size: 10, signal, retention: { ...retention, until } };
      await store.remoteUploads?.complete({ key: 'x', uploadId }, options);
      expect(server.versions().map(({ lockedUntil }) => lockedUntil)).to.deep.equal([until]);
    }
    await store.close();
  });

  it('is told by its probe when it cannot lock although it is to', async () => {
    await start({ versioning: true });
    const { settings } = s3Destination(server);
    const store = opened({ settings: { ...settings, objectLock: { mode: 'governance', days: 1 } } });
    expect((await store.probe(signal)).problems).to.deep.equal([
      'Locking objects is not possible: The bucket "backups" has no Object Lock: use a bucket that was created with it, or remove object_lock from the destination.',
    ]);
    await store.close();
  });

  it('tells in its probe of a bucket that locks everything by a rule of its own', async () => {
    await start({ objectLock: true });
    const client = clientOf(server);
    await client.send(
      new PutObjectLockConfigurationCommand({
        Bucket: server.bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
        },
      }),
    );
    client.destroy();
    const store = opened();
    const { problems } = await store.probe(signal);
    expect(problems).to.have.length(1);
    expect(problems[0]).to.match(/^The bucket locks everything by a rule of its own: take its default retention away/);
    await store.close();
  });

  it('says that a bucket asks for a second factor', async () => {
    await start({ versioning: true });
    const store = opened();
    await put(store);
    const message = 'Mfa Authentication must be used for this request';
    server.faults.add({ kind: 'deleteObject', effect: { type: 'answer', status: 403, code: 'AccessDenied', message } });
    const failure = await failureOf(store.delete('x'));
    expect(failure).to.include({ code: 'store_denied' });
    expect((failure as Error).message).to.include('second factor (MFA Delete)');
    await store.close();
  });

  it('removes where the provider answers the question for versions with any refusal', async () => {
    await start();
    server.faults.add({ kind: 'getVersioning', effect: { type: 'answer', status: 400, code: 'InvalidArgument' } });
    const store = opened();
    await put(store);
    await store.delete('x');
    expect(server.objects()).to.deep.equal([]);
    await store.close();
  });

  it('removes nothing while the store is away when it is asked for versions', async () => {
    await start({ versioning: true });
    const store = opened();
    await put(store);
    const effect = { type: 'answer', status: 503, code: 'SlowDown' } as const;
    server.faults.add({ kind: 'getVersioning', effect });
    expect(await failureOf(store.delete('x'))).to.include({ code: 'store_failed' });
    server.faults.clear();
    await store.delete('x');
    expect(server.versions()).to.deep.equal([]);
    await store.close();
  });

  it('says of an object that was hidden that it can be brought back', async () => {
    await start({ versioning: true });
    const store = opened();
    await put(store);
    const client = clientOf(server);
    await client.send(new DeleteObjectCommand({ Bucket: server.bucket, Key: 'x' }));
    const failure = await failureOf(store.get('x', { signal }));
    expect((failure as Error).message).to.include('older version of it is still there and can be brought back');
    expect(await collect(store.listHidden(''))).to.deep.equal(['x']);
    // The independent client sees the same.
    const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket: server.bucket }));
    expect([Versions?.length, DeleteMarkers?.length]).to.deep.equal([1, 1]);
    client.destroy();
    await store.close();
  });
});
