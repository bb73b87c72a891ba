import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngines } from '@holdfast/engines';
import { newBackupKey, recipientOf, runBackup, zstd, type BackupOutcome, type StallLimits } from '@holdfast/pipeline';
import {
  noKeys,
  Secret,
  type Backup,
  type Connection,
  type Engine,
  type Keys,
  type ObjectStore,
} from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { openStore } from '@holdfast/stores';
import { connectionTo, sampleStatements } from '@holdfast/testing/engines';
import { backupRow } from '@holdfast/testing/fakes';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { releaseAtEnd } from '@holdfast/testing/resources';
import type { StoredFile } from './damages.ts';

export const limits: StallLimits = { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 };

/** A whole backup, and what was backed up. */
export interface Whole {
  name: string;
  backup: Backup;
  outcome: BackupOutcome;
  database: Connection;
  keys: Keys;
}

/** A database server, a store on disk, and a few whole backups of several kinds in it. */
export interface DamageBed {
  server: TestPostgres;
  engine: Engine;
  store: ObjectStore;
  backups: Whole[];
  files: StoredFile[];
}

/** So much does not compress, that an archive has several frames of zstd and many chunks of age. */
const megabytes = { small: 0.25, large: 10 } as const;

export async function openDamageBed(): Promise<DamageBed> {
  const keys = await newKeys();
  const server = await startPostgres();
  const engine = createEngines({ clientFolders: [] }).get('postgresql');
  const root = mkdtempSync(join(tmpdir(), 'holdfast-damage-'));
  releaseAtEnd(async () => rmSync(root, { recursive: true, force: true }));
  const store = storeIn(root);
  const backups: Whole[] = [];
  for (const size of ['small', 'large'] as const) {
    const name = `source_${size}`;
    await server.createDatabase(name);
    await server.query(
      name,
      ...sampleStatements(200),
      'create table filler (id int primary key, data bytea not null)',
      `insert into filler select n, (select string_agg(decode(md5(n || '/' || k), 'hex'), '') from generate_series(1, 64) k)
         from generate_series(1, ${megabytes[size] * 1024}) n`,
    );
    const database = { ...connectionTo(server, name), options: { globals: true } };
    for (const sealed of [false, true]) {
      const made = { name: `${size} ${sealed ? 'encrypted' : 'plain'}`, database, keys: sealed ? keys : noKeys };
      backups.push(await backUp(made, engine, store));
    }
  }
  return { server, engine, store, backups, files: backups.flatMap((whole) => filesOf(root, whole)) };
}

async function newKeys(): Promise<Keys> {
  const [, identity = ''] = await newBackupKey();
  const secret = new Secret(identity);
  return { recipients: [await recipientOf(secret)], identities: [secret] };
}

const storeIn = (localRoot: string): ObjectStore =>
  openStore(
    {
      id: 1,
      accountId: 1,
      label: 'Damaged',
      type: 'local',
      settings: { path: '' },
      createdAt: new Date(0),
      updatedAt: new Date(0),
      deletionRequestedAt: null,
      capabilities: null,
    },
    { localRoot, allowedNetworks: [], partConcurrency: 1, patienceSeconds: 1 },
  );

async function backUp(
  { name, database, keys }: Pick<Whole, 'name' | 'database' | 'keys'>,
  engine: Engine,
  store: ObjectStore,
): Promise<Whole> {
  const backup = backupRow({ id: systemIds.uuid() });
  const outcome = await runBackup({
    backup,
    database,
    engine,
    store,
    codecs: [zstd()],
    keys,
    content: { content: 'full', contentSeconds: 60 },
    ids: systemIds,
    clock: systemClock,
    limits,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return { name, backup, outcome, database, keys };
}

function filesOf(root: string, { name, outcome }: Whole): StoredFile[] {
  const entries = [
    { kind: 'manifest', key: outcome.manifestKey },
    ...outcome.files.map(({ role, key }) => ({ kind: role as string, key })),
  ];
  return entries.map(({ kind, key }) => {
    const path = join(root, key);
    return { backup: name, kind, path, size: statSync(path).size };
  });
}
