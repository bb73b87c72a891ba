import { parseArgs } from 'node:util';

export interface S3Target {
  endpoint: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
}

export interface DemoOptions {
  redisUrl: string | null;
  s3: S3Target | null;
  rows: number;
}

const usage = `npm run demo [-- options]

  --redis <url>   use this Redis for the queue, such as redis://127.0.0.1:6379
  --s3 <url>      keep the backup in this bucket, such as https://s3.example.org/bucket; the keys come from
                  AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  --rows <n>      rows in each of the wide tables of the sample database (60000)
`;

/** @throws Error that says which option is wrong, with the usage */
export function readOptions(argv: string[], environment: NodeJS.ProcessEnv): DemoOptions {
  try {
    const { values } = parseArgs({
      args: argv,
      options: { redis: { type: 'string' }, s3: { type: 'string' }, rows: { type: 'string', default: '60000' } },
    });
    const rows = Number(values.rows);
    if (!Number.isInteger(rows) || rows < 1) throw new Error('--rows takes a whole number from 1.');
    return {
      redisUrl: values.redis ?? null,
      s3: values.s3 === undefined ? null : s3Target(values.s3, environment),
      rows,
    };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
}

function s3Target(text: string, environment: NodeJS.ProcessEnv): S3Target {
  const url = URL.parse(text);
  const bucket = url?.pathname.replace(/^\/|\/$/g, '') ?? '';
  if (!url || bucket === '' || bucket.includes('/')) throw new Error('--s3 takes https://host/bucket.');
  const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey } = environment;
  if (!accessKey || !secretKey) throw new Error('--s3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to be set.');
  return { endpoint: url.origin, bucket, accessKey, secretKey };
}
