import { parseArgs } from 'node:util';
import { serveControl } from './control.ts';
import { startS3 } from './index.ts';

/**
 * The test server as a process of its own, for measurements and demonstrations:
 *
 *     S3_ACCESS_KEY=… S3_SECRET_KEY=… node packages/testing/src/s3/main.ts --port 9000 --folder /tmp/s3 --bucket backups
 *
 * `--discard` keeps no bytes; `--control` takes commands from standard input (see `control.ts`). Prints one line of JSON with where it listens, and ends on SIGTERM or SIGINT.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    folder: { type: 'string' },
    bucket: { type: 'string', default: 'backups' },
    region: { type: 'string', default: 'us-east-1' },
    discard: { type: 'boolean', default: false },
    control: { type: 'boolean', default: false },
  },
});

const { S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey } = process.env;

const server = await startS3({
  port: Number(values.port),
  host: values.host,
  bucket: values.bucket,
  region: values.region,
  keepBytes: !values.discard,
  ...(values.folder === undefined ? {} : { folder: values.folder }),
  ...(accessKey === undefined ? {} : { accessKey }),
  ...(secretKey === undefined ? {} : { secretKey }),
});

process.stdout.write(
  `${JSON.stringify({ endpoint: server.endpoint, bucket: server.bucket, region: server.region, accessKey: server.accessKey })}\n`,
);
if (values.control) serveControl(server, process.stdin, process.stdout);

const stop = (): void => {
  void server.stop().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
