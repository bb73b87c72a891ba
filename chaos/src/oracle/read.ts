import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { openStore } from '@holdfast/stores';
import { Secret, type ObjectStore } from '@holdfast/shared/domain';
import type { Bed } from '../bed/bed.ts';
import { localFolder, s3Prefix, type Destinations } from '../driver/places.ts';
import { holdingOf } from './collect.ts';
import type { BackupRow, Evidence, Holding, ReadBackup } from './evidence.ts';

const atOnce = 2;

interface Manifest {
  backupId: string;
  attempt: number;
  files: { key: string; stored: { size: number; sha256: string } }[];
}

/** Opens the destinations as they are, without anything between. */
export function openStores({ s3, disk }: Bed, destinations: Destinations): Map<number, ObjectStore> {
  const settings = { localRoot: disk.root, allowedNetworks: ['127.0.0.0/8'], partConcurrency: 1, patienceSeconds: 1 };
  const now = new Date();
  const base = {
    accountId: 0,
    label: 'oracle',
    createdAt: now,
    updatedAt: now,
    deletionRequestedAt: null,
    capabilities: null,
  };
  const bucket = {
    bucket: s3.bucket,
    region: null,
    endpoint: `http://127.0.0.1:${s3.port}`,
    pathStyle: true,
    prefix: s3Prefix,
    maxParts: 10_000,
  };
  const keys = { accessKey: new Secret(s3.accessKey), secretKey: new Secret(s3.secretKey), deletionKeys: null };
  return new Map([
    [
      destinations.s3,
      openStore({ ...base, ...keys, id: destinations.s3, type: 'custom_s3', settings: bucket }, settings),
    ],
    [
      destinations.local,
      openStore({ ...base, id: destinations.local, type: 'local', settings: { path: localFolder } }, settings),
    ],
  ]);
}

/** Reads backups with public tools alone: their manifest, the digest of their bytes, `zstd -d`, `pg_restore`. */
export async function readBackups(
  bed: Bed,
  stores: ReadonlyMap<number, ObjectStore>,
  evidence: Pick<Evidence, 'files'>,
  backups: readonly BackupRow[],
): Promise<ReadBackup[]> {
  const waiting = [...backups];
  const read: ReadBackup[] = [];
  const reader = async (number: number): Promise<void> => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      const { id } = row;
      try {
        const dump = await verifiedDump(stores, evidence, row);
        read.push({ id, holding: await restored(bed, dump, `oracle_${number}`), problem: null });
      } catch (error) {
        read.push({ id, holding: null, problem: (error as Error).message });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, number) => reader(number)));
  return read;
}

async function verifiedDump(
  stores: ReadonlyMap<number, ObjectStore>,
  { files }: Pick<Evidence, 'files'>,
  row: BackupRow,
): Promise<Buffer> {
  const store = stores.get(row.destination_id);
  if (!store || row.manifest_key === null) throw new Error('it has no manifest');
  const manifest = JSON.parse((await bytesOf(store, row.manifest_key)).toString()) as Manifest;
  if (manifest.backupId !== row.id) throw new Error(`its manifest is that of ${manifest.backupId}`);
  const [file] = manifest.files;
  const known = files.find(({ backup_id: id, key }) => id === row.id && key === file?.key);
  if (!file || !known) throw new Error('its manifest and its row name different files');
  const bytes = await bytesOf(store, file.key);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const agreed = digest === file.stored.sha256 && known.checksum === `sha256:${digest}`;
  if (!agreed || bytes.length !== file.stored.size || bytes.length !== known.size) {
    throw new Error(`its dump has ${bytes.length} bytes of ${digest}, recorded are ${known.size} of ${known.checksum}`);
  }
  return bytes;
}

async function bytesOf(store: ObjectStore, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await store.get(key, { signal: AbortSignal.timeout(60_000) })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function restored({ source }: Bed, dump: Buffer, scratch: string): Promise<Holding> {
  const drop = `drop database if exists ${scratch} with (force)`;
  await source.query('postgres', drop, `create database ${scratch}`);
  try {
    const plain = await run('zstd', ['-d', '-c', '-q'], dump, {});
    const { host, port, user, password } = source;
    const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
    await run('pg_restore', ['--exit-on-error', '--no-password', `--dbname=${scratch}`], plain, env);
    const holding = await holdingOf(source, scratch);
    if (!holding) throw new Error('the scratch database is gone');
    return holding;
  } finally {
    await source.query('postgres', drop);
  }
}

function run(program: string, args: readonly string[], input: Buffer, env: Record<string, string>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH: process.env['PATH'], ...env }, stdio: 'pipe' });
    const output: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-1000);
    });
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(output));
      else reject(new Error(`${program} exited with ${code}: ${said.trim()}`));
    });
    child.stdin.end(input);
  });
}
