import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isRoot, startEmbeddedPostgres, unprivileged } from '@holdfast/embedded';
import type { Context } from 'mocha';
import { fast, serve, type TestPostgres } from '../postgres/index.ts';

const run = promisify(execFile);

/** Skips the tests of a hook's suite where no `pg_basebackup` of 15 is on PATH; in CI nothing is skipped, so it fails there. */
export function needsBaseBackup(context: Context): void {
  const { stdout } = spawnSync('pg_basebackup', ['--version'], { env: { PATH: process.env.PATH } });
  if (/ 15\./.test(String(stdout))) return;
  const howToEnable = 'pg_basebackup 15 is not on PATH; to run these tests: apt-get install postgresql-client-15';
  if (process.env.CI) throw new Error(howToEnable);
  process.stderr.write(`skipped: ${howToEnable}\n`);
  context.skip();
}

/** Copies a running server of major 15 by `pg_basebackup` and starts the copy as its standby, which serves what reads. */
export async function startStandby(
  primary: TestPostgres,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-standby-'));
  chmodSync(dataDir, 0o755);
  const cluster = join(dataDir, 'cluster');
  copyFileSync(join(primary.dataDir, 'password'), join(dataDir, 'password'));
  mkdirSync(cluster, { mode: 0o700 });
  if (isRoot()) chownSync(cluster, unprivileged.uid, unprivileged.gid);
  const { host, user, password } = primary;
  await run(
    'pg_basebackup',
    [
      `--pgdata=${cluster}`,
      `--host=${host}`,
      `--port=${primary.port}`,
      `--username=${user}`,
      '--write-recovery-conf',
      '--checkpoint=fast',
      '--no-sync',
    ],
    { cwd: '/', env: { PATH: process.env.PATH, PGPASSWORD: password }, ...(isRoot() ? unprivileged : {}) },
  );
  return serve(dataDir, (port) => startEmbeddedPostgres({ dataDir, port, settings: { ...fast, ...settings } }));
}
