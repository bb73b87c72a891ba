import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { newBackupKey } from '../packages/pipeline/src/new-backup-key.ts';
import { root, say } from './lib/run.ts';

/** Without it the secrets of docker-compose.yml are written to .env, with it those of deploy/kubernetes to that folder. */
const { kubernetes } = parseArgs({ options: { kubernetes: { type: 'string' } } }).values;

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

const [publicKey = '', identity = ''] = await newBackupKey();

/** Fresh for each installation. */
const own = [
  '# Opens the passwords and keys that Holdfast keeps in its database: without it they are lost. Keep a copy elsewhere.',
  `HOLDFAST_SECRET_KEYS=k1:${randomBytes(32).toString('base64')}`,
  '# Opens the backups: without it they are lost. Keep a copy elsewhere, not on this machine. docs/encryption.md',
  `HOLDFAST_BACKUP_IDENTITIES=${identity}`,
  `HOLDFAST_BACKUP_RECIPIENTS=${publicKey.replace('# public key: ', '')}`,
  '# For Prometheus. docs/metrics.md',
  `HOLDFAST_METRICS_TOKEN=${random(24)}`,
];

if (kubernetes === undefined) {
  write(join(root, '.env'), [
    `POSTGRES_PASSWORD=${random(24)}`,
    `REDIS_PASSWORD=${random(24)}`,
    `S3_ACCESS_KEY=${random(12)}`,
    `S3_SECRET_KEY=${random(30)}`,
    ...own,
  ]);
} else {
  write(join(resolve(root, kubernetes), 'secrets.env'), [
    '# Fill in: postgres://user:password@host:5432/name',
    'DATABASE_URL=',
    '# Fill in, redis:// or rediss://, or leave it empty: then the queue lives in DATABASE_URL too.',
    'REDIS_URL=',
    ...own,
  ]);
  write(join(resolve(root, kubernetes), 'scaler.env'), [
    '# Fill in where workers are scaled: the same database, by a role that only reads. docs/operations.md',
    'DATABASE_URL=',
  ]);
}

function write(file: string, lines: readonly string[]): void {
  const name = relative(root, file);
  try {
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
    say(`${name} written: it holds secrets of this installation`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    say(`${name} exists already and was left as it is; remove it first to make new secrets`);
    process.exit(1);
  }
}
