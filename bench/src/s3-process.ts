import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { releaseAtEnd } from '@holdfast/testing/resources';

export interface S3Address {
  endpoint: string;
  bucket: string;
  accessKey: string;
  secretKey: string;
}

const program = join(import.meta.dirname, '../../packages/testing/src/s3/main.ts');

/** The test S3 server in a process of its own, so that its work is not counted as ours. */
export async function startS3Process(): Promise<S3Address> {
  const secretKey = randomBytes(16).toString('hex');
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], S3_ACCESS_KEY: 'bench', S3_SECRET_KEY: secretKey },
  });
  releaseAtEnd(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...(JSON.parse(line) as Omit<S3Address, 'secretKey'>), secretKey };
  }
  throw new Error('The S3 server did not start.');
}
