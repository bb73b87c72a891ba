import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newBackupKey } from '../packages/pipeline/src/new-backup-key.ts';
import { root, say } from './lib/run.ts';

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

const [publicKey = '', identity = ''] = await newBackupKey();

/** Everything in docker-compose.yml that must be secret, fresh for each installation. */
const lines = [
  `POSTGRES_PASSWORD=${random(24)}`,
  `REDIS_PASSWORD=${random(24)}`,
  `S3_ACCESS_KEY=${random(12)}`,
  `S3_SECRET_KEY=${random(30)}`,
  '# Opens the passwords and keys that Holdfast keeps in its database: without it they are lost. Keep a copy elsewhere.',
  `HOLDFAST_SECRET_KEYS=k1:${randomBytes(32).toString('base64')}`,
  '# Opens the backups: without it they are lost. Keep a copy elsewhere, not on this machine. docs/encryption.md',
  `HOLDFAST_BACKUP_IDENTITIES=${identity}`,
  `HOLDFAST_BACKUP_RECIPIENTS=${publicKey.replace('# public key: ', '')}`,
];

const file = join(root, '.env');
try {
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  say('.env written: it holds the secrets of this installation');
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  say('.env exists already and was left as it is; remove it first to make new secrets');
  process.exit(1);
}
