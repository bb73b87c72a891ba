import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '@holdfast/testing/engines';
import { sharedPostgres, type TestDatabase, type TestPostgres } from '@holdfast/testing/postgres';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { compileCache, startHoldfast, type BackupView, type Holdfast } from '@holdfast/testing/services';
import { newBackupKey } from '@holdfast/pipeline';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { documentedKeys, runDocumented } from './support/documented.ts';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { register } from './support/system.ts';

interface Ended {
  code: number;
  output: string;
  errors: string;
}

interface ImportView {
  status: string;
  report: {
    manifests: number;
    imported: number;
    known: number;
    databases: number;
    refused: unknown[];
    damaged: unknown[];
  } | null;
}

describe('when the whole installation is lost and only the bucket and the key are left', function suite() {
  this.timeout(90_000);
  let s3: TestS3;
  let server: TestPostgres;
  let folder: string;
  let identityFile: string;
  let source: TestDatabase;
  let databaseId: string;
  let original: string[];
  let plain: BackupView;
  let encrypted: BackupView;

  const contentOf = (database: string): Promise<string[]> => {
    const { host, port, user, password } = server;
    return fingerprint({ host, port, user, password, database });
  };

  before(async () => {
    [s3, server] = await Promise.all([startS3(), sharedPostgres()]);
    folder = mkdtempSync(join(tmpdir(), 'holdfast-disaster-'));
    const [comment = '', identity = ''] = await newBackupKey();
    identityFile = join(folder, 'key.txt');
    writeFileSync(identityFile, `${comment}\n${identity}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'keys.curl'), documentedKeys(s3), { mode: 0o600 });
    source = await sourceDatabase();
    const lost = await startHoldfast();
    databaseId = await register(lost, source, await s3Destination(lost, s3));
    const backUp = async (): Promise<BackupView> =>
      lost.client.waitFor((await lost.client.backup(databaseId)).id, ['done'], 30);
    plain = await backUp();
    await lost.workers[0]?.stop();
    await lost.startWorker({ HOLDFAST_BACKUP_RECIPIENTS: comment.replace('# public key: ', '') });
    encrypted = await backUp();
    original = await contentOf(source.name);
    await lost.stop();
    await lost.database.drop();
  });
  after(async () => {
    await s3.stop();
    await source.drop();
    rmSync(folder, { recursive: true });
  });

  const folderOf = ({ id }: BackupView): string =>
    (s3.objects().find(({ key }) => key.includes(`/${id}/`))?.key ?? '').replace(/\/[^/]*$/, '');

  /** The recovery command, as an operator types it. */
  function recover(args: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
    const place = ['--bucket', s3.bucket, '--endpoint', s3.endpoint, '--path-style'];
    const env = {
      PATH: process.env['PATH'] ?? '',
      ...compileCache(),
      AWS_ACCESS_KEY_ID: s3.accessKey,
      AWS_SECRET_ACCESS_KEY: s3.secretKey,
      AWS_REGION: s3.region,
      PGHOST: server.host,
      PGPORT: String(server.port),
      PGUSER: server.user,
      PGPASSWORD: server.password,
      ...more,
    };
    const program = join(import.meta.dirname, '../../packages/recover/src/main.ts');
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [program, ...args, ...place], { env }, (_error, output, errors) => {
        resolve({ code: child.exitCode ?? -1, output, errors });
      });
    });
  }

  const targetsIn = (database: string): Record<string, string> => ({
    ENDPOINT: s3.endpoint,
    BUCKET: s3.bucket,
    IDENTITY: identityFile,
    DATABASE: database,
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGPASSWORD: server.password,
  });

  it('public tools alone bring a plain backup back, as the page says', async () => {
    const DATABASE = `${source.name}_plain_tools`;
    const env = { ...targetsIn(DATABASE), FOLDER: folderOf(plain), ARCHIVE: 'dump.pgdump.zst' };
    const printed = await runDocumented(['list', 'manifest', 'download', 'restore'], folder, env);
    expect(printed).to.contain(`<Key>${folderOf(plain)}/manifest.json</Key>`);
    expect(printed).to.contain(plain.checksum?.slice('sha256:'.length));
    expect(await contentOf(DATABASE)).to.deep.equal(original);
  });

  it('public tools alone bring an encrypted backup back, as the page says', async () => {
    const DATABASE = `${source.name}_age_tools`;
    const env = { ...targetsIn(DATABASE), FOLDER: folderOf(encrypted), ARCHIVE: 'dump.pgdump.zst.age' };
    rmSync(join(folder, 'manifest.json'), { force: true });
    rmSync(join(folder, 'dump.pgdump.zst'), { force: true });
    await runDocumented(['manifest', 'download', 'decrypt', 'restore'], folder, env);
    expect(await contentOf(DATABASE)).to.deep.equal(original);
  });

  it('the recovery command lists, proves and restores them without a service', async () => {
    const listed = await recover(['list', '--json']);
    expect(listed.code, listed.errors).to.equal(0);
    const { backups } = JSON.parse(listed.output) as { backups: { id: string; encrypted: boolean }[] };
    expect(backups.map(({ id, encrypted: is }) => [id, is])).to.deep.equal([
      [encrypted.id, true],
      [plain.id, false],
    ]);
    expect(await recover(['verify', plain.id])).to.include({ code: 0 });
    expect(await recover(['restore', encrypted.id, '--database', 'never'])).to.include({ code: 4 });
    const DATABASE = `${source.name}_recovered`;
    const key = ['--identity', identityFile];
    const restored = await recover(['restore', encrypted.id, '--database', DATABASE, ...key]);
    expect(restored.code, restored.errors).to.equal(0);
    expect(await contentOf(DATABASE)).to.deep.equal(original);
    const again = await recover(['restore', encrypted.id, '--database', DATABASE, ...key]);
    expect(again.code, 'it exists').to.equal(1);
    const shown = [listed, restored, again].map(({ output, errors }) => output + errors).join('');
    for (const secret of [s3.secretKey, server.password, 'AGE-SECRET-KEY']) expect(shown).to.not.contain(secret);
  });

  describe('a fresh one', () => {
    let fresh: Holdfast;
    before(async () => {
      fresh = await startHoldfast({
        env: { HOLDFAST_BACKUP_IDENTITIES: readFileSync(identityFile, 'utf8') },
      });
    });
    after(() => fresh.stop());

    it('imports all from the bucket, is given the connection, and restores', async () => {
      const { client } = fresh;
      const destinationId = await s3Destination(fresh, s3);
      const path = `/api/backup-destinations/${destinationId}/import`;
      const imported = async () => {
        await client.expect(202, 'POST', path);
        return await until('the import to end', 20, async () => {
          const { data } = await client.expect<{ data: ImportView }>(200, 'GET', path);
          return data.status === 'done' ? data.report : null;
        });
      };
      expect(await imported()).to.deep.include({
        manifests: 2,
        imported: 2,
        known: 0,
        databases: 1,
        refused: [],
        damaged: [],
      });
      const backups = `/api/databases/${databaseId}/backups`;
      await client.expect(409, 'POST', backups);
      const database = { host: server.host, port: server.port, user: server.user, password: server.password };
      await client.expect(200, 'PATCH', `/api/databases/${databaseId}`, { database });

      for (const [backup, name] of [
        [plain, `${source.name}_imported_plain`],
        [encrypted, `${source.name}_imported_age`],
      ] as const) {
        const before = await client.findBackup(backup.id);
        expect(before).to.include({ status: 'done', checksum: backup.checksum, created_at: backup.created_at });
        const restore = await client.restore(databaseId, backup.id, { target: { new_database: name } }, 30);
        expect(restore, JSON.stringify(restore)).to.include({ status: 'done', error: null });
        expect(await contentOf(name)).to.deep.equal(original);
      }
      expect(await imported()).to.deep.include({ manifests: 2, imported: 0, known: 2, databases: 0 });
      const newest = await client.waitFor((await client.backup(databaseId)).id, ['done'], 30);
      expect(newest.error).to.equal(null);
    });
  });
});
