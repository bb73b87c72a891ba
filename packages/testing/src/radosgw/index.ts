import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '@holdfast/embedded';
import { clusterConfig } from './cluster.ts';

export interface Radosgw {
  endpoint: string;
  region: string;
  accessKey: string;
  secretKey: string;
  /** A bucket name for the caller to create; none exists at the start. */
  bucket: string;
  stop(): Promise<void>;
}

const programs = ['monmaptool', 'ceph-mon', 'ceph-osd', 'ceph', 'radosgw', 'radosgw-admin'];
const packages = 'radosgw ceph-mon ceph-osd';
const deadlineMs = 60_000;
const run = promisify(execFile);

/**
 * Whether Ceph's S3 gateway, an implementation that nobody here wrote, is installed on this machine.
 * @throws Error when it is not and the run is one of continuous integration, where nothing may be left out
 */
export function radosgwAvailable(): boolean {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) return true;
  const message = `radosgw cannot be started, ${missing.join(', ')} not found: apt-get install ${packages}`;
  if (process.env['CI']) throw new Error(message);
  process.stderr.write(`${message}\n`);
  return false;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts a private gateway on loopback with its content in memory; takes about 12 seconds. */
export async function startRadosgw(): Promise<Radosgw> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-radosgw-'));
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const [fsid, osd] = [randomUUID(), randomUUID()];
  const [accessKey, secretKey] = ['radosgw-access-key', 'radosgw-secret-key'];
  const conf = join(folder, 'ceph.conf');
  const children: ChildProcess[] = [];
  const start = (program: string, ...args: string[]): void => {
    children.push(spawn(program, ['-c', conf, ...args, '-f'], { stdio: 'ignore' }));
  };
  const tool = (program: string, ...args: string[]): Promise<unknown> =>
    run(program, ['-c', conf, ...args], { timeout: deadlineMs });
  const stop = async (): Promise<void> => {
    await Promise.all(children.reverse().map(ended));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeFile(conf, clusterConfig({ folder, fsid, monitorPort, gatewayPort }));
    await writeFile(join(folder, 'keyring'), '');
    for (const name of ['mon', 'osd', 'rgw']) await mkdir(join(folder, name));
    const map = join(folder, 'monmap');
    await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monitorPort}/0]`, map]);
    await tool('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map);
    start('ceph-mon', '-i', 'a');
    await tool('ceph', '--connect-timeout', '20', 'osd', 'new', osd);
    await tool('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    start('ceph-osd', '-i', '0');
    await tool(
      'radosgw-admin',
      'user',
      'create',
      '--uid=test',
      '--display-name=test',
      `--access-key=${accessKey}`,
      `--secret=${secretKey}`,
    );
    start('radosgw', '-n', 'client.rgw.a');
    const endpoint = `http://127.0.0.1:${gatewayPort}`;
    await answering(endpoint);
    return { endpoint, region: 'us-east-1', accessKey, secretKey, bucket: 'backups', stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answering(endpoint: string): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      await (await fetch(endpoint)).arrayBuffer();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`radosgw did not answer at ${endpoint}.`, { cause: error });
      await delay(200);
    }
  }
}

/** Nothing of it is to be kept, so it need not stop gently. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGKILL');
  await exit;
}
