import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { newBackupKey } from '@holdfast/pipeline';
import { environment } from '@holdfast/shared/config';
import { HoldfastError } from '@holdfast/shared/domain';
import { createLogger } from '@holdfast/shared/observability';
import { forget, rotate, showKeys, type KeysOptions } from './keys.ts';
import { defaultState, newSecretKey } from './state.ts';

const usage = `Looks after the keys of an installation whose service is stopped, or whose database DATABASE_URL names.
  status          how many stored secrets each key seals, and how many backups each public key opens
  rotate          seals all stored secrets with a new key
  forget-secrets  counts the stored secrets that none of the keys opens; with --yes it marks them as forgotten,
                  so that they can be set again: for when a key is lost for good
  new-secret-key  prints an entry for HOLDFAST_SECRET_KEYS
  new-backup-key  prints a key that opens backups, and its public part for HOLDFAST_BACKUP_RECIPIENTS
  --state <folder>  of a service in one process; /var/lib/holdfast for root, otherwise ~/.local/state/holdfast
`;

const commands: Readonly<Record<string, (options: KeysOptions, yes: boolean) => Promise<string[]>>> = {
  status: (options) => showKeys(options),
  rotate: (options) => rotate(options),
  'forget-secrets': forget,
  'new-secret-key': async () => [newSecretKey()],
  'new-backup-key': newBackupKey,
};

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { state: { type: 'string' }, yes: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const [name = '', ...others] = positionals;
  const command = Object.hasOwn(commands, name) && others.length === 0 ? commands[name] : undefined;
  if (values.help || !command || (values.yes && name !== 'forget-secrets')) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? 0 : 2;
  }
  const stateDir = resolve(values.state ?? defaultState(environment()));
  const logger = createLogger('keys', 'warn', process.stderr);
  const lines = await command({ stateDir, environment: environment(), logger }, values.yes ?? false);
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  const isUsage = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') ?? false;
  process.stderr.write(`${(error as Error).message}\n${isUsage ? `\n${usage}` : ''}`);
  process.exitCode = isUsage ? 2 : error instanceof HoldfastError && error.code === 'configuration' ? 78 : 1;
}
