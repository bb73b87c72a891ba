import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { releaseAtEnd } from '../resources.ts';

/** The test server in a process of its own, that can be killed and started again with what it held. */
export interface S3Process {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
  bucket: string;
  /** SIGKILL: every connection breaks, and later ones are refused. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder. */
  start(): Promise<void>;
  /** SIGSTOP: connections are accepted and nothing is answered, until `wake`. */
  freeze(): void;
  wake(): void;
}

const program = join(import.meta.dirname, 'main.ts');
const keys = { accessKey: 'test-access-key', secretKey: 'test-secret-key' };

export async function startS3Process(): Promise<S3Process> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-s3-'));
  let child: ChildProcess | null = null;
  const launch = async (port: number): Promise<{ endpoint: string; bucket: string; region: string }> => {
    const started = spawn(process.execPath, [program, '--port', String(port), '--folder', folder], {
      env: { PATH: process.env['PATH'], S3_ACCESS_KEY: keys.accessKey, S3_SECRET_KEY: keys.secretKey },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    const ended = once(started, 'exit').then(() => {
      throw new Error('The S3 server ended at its start.');
    });
    ended.catch(() => undefined);
    const [line] = (await Promise.race([once(createInterface(started.stdout), 'line'), ended])) as [string];
    return JSON.parse(line) as { endpoint: string; bucket: string; region: string };
  };
  const kill = async (): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  releaseAtEnd(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const { endpoint, bucket, region } = await launch(0);
  return {
    ...keys,
    endpoint,
    bucket,
    region,
    kill,
    start: async () => {
      await launch(Number(new URL(endpoint).port));
    },
    freeze: () => child?.kill('SIGSTOP'),
    wake: () => child?.kill('SIGCONT'),
  };
}
