import { CreateBucketCommand, CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { Secret, type ErrorCode, type S3Destination } from '@holdfast/shared/domain';
import { radosgwAvailable, startRadosgw, type Radosgw } from '@holdfast/testing/radosgw';
import { contentOf, describeStore, failureOf, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
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
