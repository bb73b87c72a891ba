import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Secret, type ErrorCode, type S3Destination, type UploadedPart } from '@holdfast/shared/domain';
import { radosgwAvailable, startRadosgw, type Radosgw } from '@holdfast/testing/radosgw';
import { contentOf, describeStore, describeVersions, failureOf, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const prefix = 'holdfast/';
const firstPart = 5 * 1024 * 1024;

if (radosgwAvailable()) {
  describe('Ceph radosgw', function () {
    let server: Radosgw;
    let client: S3Client;

    before(async function () {
      this.timeout(120_000);
      server = await startRadosgw();
      client = new S3Client({
        endpoint: server.endpoint,
        region: server.region,
        forcePathStyle: true,
        credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
      });
      await client.send(new CreateBucketCommand({ Bucket: server.bucket }));
    });
    after(async () => {
      client.destroy();
      await server.stop();
    });

    describeStore('a bucket of it', async () => {
      const store = openS3Store(s3Destination(server, { prefix }), testSettings, { firstPart });
      return {
        store,
        partSize: firstPart,
        leaveUpload: async (key) => {
          await client.send(new CreateMultipartUploadCommand({ Bucket: server.bucket, Key: prefix + key }));
        },
        close: () => store.close(),
      };
    });

    describeVersions('a bucket of it with versions and locks', async () => {
      const Bucket = 'locked';
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
      const store = openS3Store(s3Destination(server, { prefix, bucket: Bucket }), testSettings, { firstPart });
      return {
        store,
        partSize: firstPart,
        hide: async (key) => {
          await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + key }));
        },
        versions: async (under) => {
          const listed = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: prefix + under }));
          const all = [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])];
          return all.map(({ Key = '' }) => Key.slice(prefix.length)).toSorted();
        },
        now: () => Date.now(),
        pass: (ms) => delay(ms),
        close: () => store.close(),
      };
    });

    it('takes a part by its own link alone, and makes no object of a wrong size or ETag', async () => {
      const store = openS3Store(s3Destination(server, { prefix }), testSettings, { firstPart });
      const key = 'links/archive.tar.gz';
      const signal = new AbortController().signal;
      const opening = { size: firstPart + 10, contentType: 'application/x-gzip', expiresInSeconds: 60 };
      const { uploadId, urls = [] } = (await store.remoteUploads?.open(key, opening)) ?? {};
      const parts = [contentOf(firstPart), contentOf(10)];
      const send = async (url = '', body = parts[1]): Promise<Response> =>
        await fetch(url, { method: 'PUT', body: body ?? '' });
      for (const [from, to] of [
        ['partNumber=1', 'partNumber=2'],
        ['archive.tar.gz', 'other.tar.gz'],
      ] as const) {
        expect((await send(urls[0]?.replace(from, to))).status).to.equal(403);
      }
      const tags: UploadedPart[] = [];
      for (const [index, body] of parts.entries()) {
        tags.push({ number: index + 1, etag: (await send(urls[index], body)).headers.get('etag') ?? '' });
      }
      const complete = (size: number, given: UploadedPart[] | null) =>
        Promise.resolve(
          store.remoteUploads?.complete({ key, uploadId: uploadId ?? '' }, { parts: given, size, signal }),
        );
      expect(await failureOf(complete(opening.size + 1, null))).to.include({ code: 'upload_unverified' });
      const swapped = tags.map(({ number }, index) => ({ number, etag: tags[1 - index]?.etag ?? '' }));
      expect(await failureOf(complete(opening.size, swapped))).to.include({ code: 'upload_unverified' });
      expect(await store.head(key)).to.equal(null);
      expect(await complete(opening.size, tags)).to.include({ size: opening.size });
      await store.close();
    });

    const refusals: [string, ErrorCode, (known: S3Destination) => S3Destination][] = [
      ['a wrong secret key', 'store_auth_failed', (known) => ({ ...known, secretKey: new Secret('wrong') })],
      ['a wrong access key', 'store_auth_failed', (known) => ({ ...known, accessKey: new Secret('wrong') })],
      ['a missing bucket', 'bucket_missing', () => s3Destination(server, { bucket: 'missing' })],
    ];
    for (const [what, code, change] of refusals) {
      it(`names ${what}, before the body is read`, async () => {
        const store = openS3Store(change(s3Destination(server)), testSettings);
        const body = streamOf(contentOf(1000));
        const failure = await failureOf(store.put('x', body, { signal: new AbortController().signal }));
        expect(failure).to.include({ code });
        expect(body.readableDidRead).to.equal(false);
        await store.close();
      });
    }
  });
}
