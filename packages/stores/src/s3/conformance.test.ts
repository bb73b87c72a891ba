import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Settings } from '@holdfast/shared/domain';
import { startS3 } from '@holdfast/testing/s3';
import { describeStore, type OpenedStore } from '@holdfast/testing/stores';
import { lookup } from 'node:dns';
import { request, type IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';
import type { S3Options } from './options.ts';

interface Server {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
  bucket: string;
  stop: () => Promise<void>;
}

async function opened(
  server: Server,
  options: Partial<S3Options>,
  settings: Partial<S3Settings> = {},
): Promise<OpenedStore> {
  const { prefix = '' } = settings;
  const pathStyle = options.lookup === undefined;
  const store = openS3Store(s3Destination(server, { ...settings, pathStyle }), testSettings, options);
  const client = new S3Client({
    endpoint: server.endpoint.replace('s3.test', '127.0.0.1'),
    region: server.region,
    forcePathStyle: true,
    credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
  });
  return {
    store,
    partSize: options.firstPart ?? 5 * 1024 * 1024,
    leaveUpload: async (key) => {
      await client.send(new CreateMultipartUploadCommand({ Bucket: server.bucket, Key: prefix + key }));
    },
    close: async () => {
      client.destroy();
      await store.close();
      await server.stop();
    },
  };
}

const small = { firstPart: 64 * 1024 };
const dialect = { minPartSize: 64 * 1024, pageSize: 7 };

describeStore('S3 in path style', async () => opened(await startS3({ dialect }), small));

describeStore('S3 below a prefix', async () => opened(await startS3({ dialect }), small, { prefix: 'some/where +ü/' }));

describeStore('S3 with ETags that are no digests', async () =>
  opened(await startS3({ dialect: { ...dialect, opaqueEtags: true, rejectsChecksums: true } }), small),
);

// So few parts are allowed that they grow, or would grow, within the sizes of the suite.
const growing = { maxParts: 10 };
const equal = { maxParts: 100 };

describeStore('S3 with growing parts', async () => opened(await startS3({ dialect }), small, growing));

describeStore('S3 with equal parts', async () =>
  opened(await startS3({ dialect: { ...dialect, equalParts: true } }), { ...small, equalParts: true }, equal),
);

describeStore('S3 in virtual-host style', async () => {
  const server = await startS3({ dialect, virtualHosts: ['s3.test'] });
  const named = { ...server, endpoint: `http://s3.test:${server.port}` };
  const loopback: LookupFunction = (_name, options, callback) => lookup('127.0.0.1', options, callback);
  return {
    ...(await opened(named, { ...small, lookup: loopback })),
    // The name of the link's host exists only here.
    follow: async (link, { method = 'GET', headers = {}, body }) => {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request(link, { method, headers, lookup: loopback }, resolve).once('error', reject).end(body);
      });
      const fields = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
      return new Response(await buffer(answer), { status: answer.statusCode ?? 0, headers: fields });
    },
  };
});
