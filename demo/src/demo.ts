import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { newBackupKey } from '@holdfast/pipeline';
import { createLogger } from '@holdfast/shared/observability';
import { startStandalone, type Standalone } from '@holdfast/standalone';
import { fingerprint, sampleStatements } from '@holdfast/testing/engines';
import { runStatements, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { releaseAll } from '@holdfast/testing/resources';
import { HoldfastClient } from '@holdfast/testing/services';
import type { DemoOptions, S3Target } from './options.ts';
import { stateFolder } from './state-folder.ts';
import { bar, megabytes, Terminal } from './terminal.ts';

const source = 'shop';
const copy = 'shop_restored';

interface Progress {
  status: 'scheduled' | 'pending' | 'done' | 'error';
  progress: { bytes: number; fraction: number | null };
  error: { message: string } | null;
}

interface BackupView extends Progress {
  id: string;
  size: number;
  started_at: string;
  completed_at: string;
}

interface VerificationView extends Progress {
  id: string;
  reached: string | null;
  findings: { message: string }[];
}

/**
 * Backs a real database up, encrypted, downloads the archive, restores it beside the original, compares, and has the service
 * verify the same by itself. @returns whether all is equal
 */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const terminal = new Terminal();
  const folder = stateFolder('demo');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const logFile = join(folder, 'holdfast.log');
  const keyFile = join(folder, 'backup.key');
  const log = createWriteStream(logFile);
  let holdfast: Standalone | null = null;
  try {
    terminal.step('1. A PostgreSQL server with something in it');
    const server = await startPostgres();
    await server.createDatabase(source);
    await runStatements(at(server, source), ...sampleStatements(options.rows));
    const [row] = await server.query(source, `select pg_database_size(current_database()) as size`);
    terminal.detail(
      `database "${source}" on ${server.host}:${server.port}, ${megabytes(Number(row?.['size']))} on disk`,
    );

    terminal.step('2. Holdfast: api, scheduler and worker, with a PostgreSQL of their own');
    holdfast = await startStandalone({
      stateDir: join(folder, 'state'),
      logger: createLogger('demo', 'info', log),
      environment: { ...environmentFor(options), ...(await newKey(keyFile)) },
    });
    terminal.detail(`${holdfast.url}, queue in ${options.redisUrl ? 'Redis' : 'PostgreSQL'}, log in ${logFile}`);

    const client = new HoldfastClient(holdfast.url, holdfast.token?.reveal() ?? '');
    return await backUpAndCompare({ terminal, client, server, folder, s3: options.s3 });
  } finally {
    await holdfast?.stop();
    await releaseAll();
    log.end();
  }
}

interface Stage {
  terminal: Terminal;
  client: HoldfastClient;
  server: TestPostgres;
  folder: string;
  s3: S3Target | null;
}

async function backUpAndCompare({ terminal, client, server, folder, s3 }: Stage): Promise<boolean> {
  terminal.step('3. Register the database and back it up, encrypted');
  const destination = s3 ? await client.createDestination(destinationFields(s3)) : undefined;
  const { host, port, user, password } = server;
  const fields = { name: source, host, port, user, password, database: source };
  const databaseId = await client.registerDatabase(
    destination === undefined ? fields : { ...fields, destination_id: destination },
  );
  const { id } = await client.backup(databaseId);
  const backup = await follow<BackupView>(terminal, 'backup', async () => {
    return (await client.expect<{ database_backup: BackupView }>(200, 'GET', `/api/backups/${id}`)).database_backup;
  });

  terminal.step('4. Download the archive by its link, as anybody could who has the link');
  const archive = join(folder, 'shop.pgdump.zst');
  const path = `/api/databases/${databaseId}/backups/${id}/archive`;
  const { download_url: link } = await client.expect<{ download_url: string }>(200, 'GET', path);
  const downloaded = await download(link, archive);
  const intact = downloaded.sha256 === downloaded.promised;
  terminal.detail(`${archive}, checksum ${intact ? 'as recorded' : 'DIFFERS from the recorded one'}`);

  terminal.step(`5. Restore it beside the original, as "${copy}"`);
  const restoreStarted = performance.now();
  const { id: restoreId } = await client.expect<{ id: string }>(
    201,
    'POST',
    `/api/databases/${databaseId}/backups/${id}/restore`,
    { target: { new_database: copy } },
  );
  await follow<Progress>(terminal, 'restore', async () => {
    const restorePath = `/api/databases/${databaseId}/backup_restorations/${restoreId}`;
    return (await client.expect<{ backup_restoration: Progress }>(200, 'GET', restorePath)).backup_restoration;
  });
  const restoreSeconds = (performance.now() - restoreStarted) / 1000;

  terminal.step('6. Compare every row of every table, sequence and large object');
  const [before, after] = [await fingerprint(at(server, source)), await fingerprint(at(server, copy))];
  const equal = intact && before.join('\n') === after.join('\n');
  const differing = before.filter((line) => !after.includes(line));
  for (const line of differing) terminal.detail(`differs: ${line}`);

  terminal.step('7. Let Holdfast prove the same: verify the backup in a scratch database, as a schedule would');
  const verification = await verify(terminal, client, `/api/databases/${databaseId}/backups/${id}/verifications`);
  for (const { message } of verification.findings) terminal.detail(message);
  const proven = verification.reached === 'identical';

  const seconds = (Date.parse(backup.completed_at) - Date.parse(backup.started_at)) / 1000;
  const plain = backup.progress.bytes;
  terminal.table([
    ['dump', megabytes(plain)],
    ['stored', `${megabytes(backup.size)} (${(plain / backup.size).toFixed(2)} : 1)`],
    ['backup took', `${seconds.toFixed(2)} s, ${megabytes(plain / seconds)}/s of dump`],
    ['restore took', `${restoreSeconds.toFixed(2)} s`],
    ['checksum of the archive', downloaded.sha256],
    ['content of the original', digest(before)],
    ['content of the copy', digest(after)],
    ['equal', equal ? 'yes' : 'NO'],
    ['verified by Holdfast as', verification.reached ?? 'NOTHING'],
  ]);
  terminal.step('Where to look');
  terminal.detail(`the archive: ${archive} (docs/backup-format.md restores it without Holdfast)`);
  terminal.detail(
    s3 ? `the bucket: ${s3.endpoint}/${s3.bucket}` : `the store, with the manifest: ${join(folder, 'state/backups')}`,
  );
  terminal.detail(`what opens it: ${join(folder, 'backup.key')} (age -d -i; docs/encryption.md)`);
  terminal.detail('npm start leaves the same service running');
  return equal && proven;
}

async function follow<T extends Progress>(terminal: Terminal, what: string, look: () => Promise<T>): Promise<T> {
  for (;;) {
    const seen = await look();
    terminal.progress(
      `${seen.status.padEnd(9)} ${bar(seen.status === 'done' ? 1 : seen.progress.fraction)} ${megabytes(seen.progress.bytes)}`,
    );
    if (seen.status === 'done') return seen;
    if (seen.status === 'error') throw new Error(`The ${what} failed: ${seen.error?.message ?? 'no reason given'}`);
    await delay(100);
  }
}

/** Asks for the highest level that the backup allows, and waits for the verdict. */
async function verify(terminal: Terminal, client: HoldfastClient, path: string): Promise<VerificationView> {
  interface Shown {
    verification: VerificationView;
  }
  const { id } = (await client.expect<Shown>(201, 'POST', path)).verification;
  return await follow<VerificationView>(terminal, 'verification', async () => {
    return (await client.expect<Shown>(200, 'GET', `/api/verifications/${id}`)).verification;
  });
}

/** A plain GET without any header. @returns the SHA-256 of what came, and the one that the answer promised */
async function download(link: string, file: string): Promise<{ sha256: string; promised: string | null }> {
  const answer = await fetch(link);
  if (!answer.ok || !answer.body) throw new Error(`The download link answered ${answer.status}.`);
  const hash = createHash('sha256');
  const digesting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(answer.body), digesting, createWriteStream(file));
  const promised = answer.headers.get('etag')?.match(/^"sha256:([0-9a-f]{64})"$/)?.[1] ?? null;
  return { sha256: hash.digest('hex'), promised };
}

/** A key for the backups, kept beside everything else here; elsewhere it belongs on another machine. */
async function newKey(file: string): Promise<Record<string, string>> {
  const [publicKey = '', identity = ''] = await newBackupKey();
  await writeFile(file, `${publicKey}\n${identity}\n`, { mode: 0o600 });
  return {
    HOLDFAST_BACKUP_RECIPIENTS: publicKey.replace('# public key: ', ''),
    HOLDFAST_BACKUP_IDENTITIES_FILE: file,
  };
}

const at = ({ host, port, user, password }: TestPostgres, database: string) => ({
  host,
  port,
  user,
  password,
  database,
});

const digest = (lines: readonly string[]): string =>
  createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 32);

function environmentFor({ redisUrl, s3 }: DemoOptions): Record<string, string> {
  return {
    HOLDFAST_PORT: '0',
    HOLDFAST_TICK_SECONDS: '0.2',
    HOLDFAST_HEARTBEAT_SECONDS: '0.5',
    ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
    // The bucket is the operator's own choice here, wherever it is.
    ...(s3 ? { HOLDFAST_ALLOWED_NETWORKS: '0.0.0.0/0,::/0' } : {}),
  };
}

function destinationFields({ endpoint, bucket, accessKey, secretKey }: S3Target): Record<string, unknown> {
  return {
    label: 'demo',
    type: 'custom_s3',
    s3_endpoint: endpoint,
    s3_bucket_name: bucket,
    s3_access_key: accessKey,
    s3_secret_key: secretKey,
    path_style_endpoint: true,
  };
}
