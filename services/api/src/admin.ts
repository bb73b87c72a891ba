import { parseArgs } from 'node:util';
import { migrate, openPersistence, type AccountRepository, type Persistence } from '@holdfast/persistence';
import { prepareQueue } from '@holdfast/queue';
import { loadSettings, type Settings } from '@holdfast/shared/config';
import {
  scopeNames,
  scopes,
  scopesNamed,
  type Account,
  type ApiToken,
  type Scope,
  type ScopeName,
} from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox } from '@holdfast/shared/security';
import { listAudit, verifyAudit } from './audit/command.ts';
import { onRecord } from './audit/on-record.ts';
import { text } from './http/fields.ts';
import { describeKeys, forgetSecrets, rotateKeys } from './keys.ts';

const usage = `Usage:
  admin.ts migrate
      Brings the schemas of the service and of its queue up to date.
  admin.ts create-account <name>
      Adds an account.
  admin.ts create-token --account <name> --name <name> --scopes <scope,...|all> [--expires-in-days <days>]
      Adds an API token and prints it, this once.
      Scopes: ${scopeNames.join(', ')}
  admin.ts list-tokens --account <name>
      Lists the API tokens of an account, newest first: id, state, last use, scopes, name.
  admin.ts revoke-token --account <name> --id <id>
      Ends an API token at once.
  admin.ts list-keys
      Shows how many stored secrets each key seals, and how many backups each public key opens.
  admin.ts rotate-keys
      Seals all stored secrets with the first key of HOLDFAST_SECRET_KEYS.
  admin.ts forget-secrets [--yes]
      Counts the stored secrets that none of the configured keys opens; with --yes it marks them as forgotten, to be set again.
  admin.ts list-audit [--account <name>]
      Prints the newest entries of the audit log of the installation, or of an account, as lines of JSON.
  admin.ts verify-audit [--account <name>] [--expect <hash,...>]
      Looks whether any entry of the audit logs was changed, taken out or put elsewhere, and prints the hash of the last
      one of each. One that was printed before, given as --expect, proves that nothing was cut off since.
`;

/** Whom the audit log names for what is done here. */
const operator = 'the command line';

/** What the caller got wrong; ends with exit code 2. */
class UsageError extends Error {}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function runMigrations(settings: Settings): Promise<void> {
  const run = await migrate(settings.DATABASE_URL);
  await prepareQueue({ redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL });
  for (const name of run) print(`migrated ${name}`);
  print('The schema is up to date.');
}

async function createAccount({ accounts, audit }: Persistence, name: string | undefined): Promise<void> {
  if (!name) throw new UsageError('create-account needs the name of the account.');
  refuseBadName(name);
  if (await accounts.findByName(name)) throw new Error(`There is an account "${name}" already.`);
  const account = await accounts.create(name);
  const made = { accountId: account.id, by: operator, action: 'account.create' } as const;
  await onRecord(audit, { ...made, object: { id: String(account.id), name } }, async () => undefined);
  print(`created account ${account.name} (${account.id})`);
}

interface TokenOptions {
  account?: string | undefined;
  id?: string | undefined;
  name?: string | undefined;
  scopes?: string | undefined;
  'expires-in-days'?: string | undefined;
  expect?: string | undefined;
  yes?: boolean | undefined;
}

async function createToken({ accounts, audit }: Persistence, options: TokenOptions): Promise<void> {
  const { account: accountName, name, scopes: scopeList } = options;
  if (!accountName || !name || !scopeList) throw new UsageError('create-token needs --account, --name and --scopes.');
  refuseBadName(name);
  const granted = readScopes(scopeList);
  const expiresAt = readExpiry(options['expires-in-days']);
  const account = await accountNamed(accounts, accountName);
  const { secret } = await onRecord(
    audit,
    {
      accountId: account.id,
      by: operator,
      action: 'token.create',
      object: { name },
      details: { changed: { scopes: { to: granted } } },
    },
    () => accounts.createToken(account.id, { name, scopes: granted, expiresAt }),
    ({ token }) => ({ id: token.id }),
  );
  print(secret.reveal());
}

async function listTokens({ accounts }: Persistence, options: TokenOptions): Promise<void> {
  if (!options.account) throw new UsageError('list-tokens needs --account.');
  const account = await accountNamed(accounts, options.account);
  for (const token of await accounts.listTokens(account.id)) {
    const used = `last used ${token.lastUsedAt?.toISOString() ?? 'never'}`;
    print([token.id, stateOf(token), used, token.scopes.join(','), token.name].join('  '));
  }
}

function stateOf({ revokedAt, expiresAt }: ApiToken): string {
  if (revokedAt) return `revoked ${revokedAt.toISOString()}`;
  if (!expiresAt) return 'valid';
  return `${expiresAt <= systemClock.now() ? 'expired' : 'valid until'} ${expiresAt.toISOString()}`;
}

/** The operator may revoke the last one too: `create-token` makes another. */
async function revokeToken({ accounts, audit }: Persistence, options: TokenOptions): Promise<void> {
  const { account: accountName, id } = options;
  if (!accountName || !id) throw new UsageError('revoke-token needs --account and --id.');
  const account = await accountNamed(accounts, accountName);
  const token = await accounts.findToken(account.id, id);
  if (!token) throw new Error(`The account "${accountName}" has no token ${id}: list-tokens shows them.`);
  await onRecord(
    audit,
    { accountId: account.id, by: operator, action: 'token.revoke', object: { id, name: token.name } },
    () => accounts.revokeToken(account.id, id, 'none'),
  );
  print(`revoked token ${id}`);
}

async function printLines(lines: Promise<string[]>): Promise<void> {
  for (const line of await lines) print(line);
}

async function verify(persistence: Persistence, options: TokenOptions): Promise<void> {
  const expected = (options.expect ?? '').split(',').filter((hash) => hash !== '');
  if (!expected.every((hash) => /^[0-9a-f]{64}$/.test(hash))) {
    throw new UsageError('--expect needs hashes of 64 hexadecimal digits, as verify-audit prints them.');
  }
  const { lines, problem } = await verifyAudit(persistence, await oneOrAll(persistence, options), expected);
  for (const line of lines) print(line);
  if (problem !== null) throw new Error(problem);
}

const oneOrAll = async ({ accounts }: Persistence, { account }: TokenOptions): Promise<Account | null> =>
  account === undefined ? null : await accountNamed(accounts, account);

async function accountNamed(accounts: AccountRepository, name: string): Promise<Account> {
  const account = await accounts.findByName(name);
  if (!account) throw new Error(`There is no account "${name}": add it with create-account.`);
  return account;
}

/** The same names as over HTTP: in a list of one line for each token, no name makes a line of its own. */
function refuseBadName(name: string): void {
  if (text(255).safeParse(name).success) return;
  throw new UsageError('A name has 1 to 255 characters, and no control characters.');
}

function readScopes(list: string): Scope[] {
  if (list === 'all') return [...scopes];
  const asked = [...new Set(list.split(',').map((scope) => scope.trim()))];
  const isName = (scope: string): scope is ScopeName => (scopeNames as readonly string[]).includes(scope);
  const unknown = asked.filter((scope) => !isName(scope));
  if (unknown.length > 0)
    throw new UsageError(`Unknown scopes: ${unknown.join(', ')}. Known: ${scopeNames.join(', ')}, or all.`);
  return scopesNamed(asked.filter(isName));
}

function readExpiry(days: string | undefined): Date | null {
  if (days === undefined) return null;
  if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageError('--expires-in-days needs a whole number of days, at least 1.');
  return new Date(systemClock.now().getTime() + Number(days) * 86_400_000);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        account: { type: 'string' },
        id: { type: 'string' },
        name: { type: 'string' },
        scopes: { type: 'string' },
        'expires-in-days': { type: 'string' },
        expect: { type: 'string' },
        yes: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function withPersistence(run: (persistence: Persistence) => Promise<void>): Promise<void> {
  const settings = loadSettings();
  const box = new SecretBox(settings.HOLDFAST_SECRET_KEYS);
  const persistence = await openPersistence({ url: settings.DATABASE_URL, box, ids: systemIds, poolSize: 1 });
  try {
    await run(persistence);
  } finally {
    await persistence.close();
  }
}

interface Command {
  takesArgument?: true;
  options: readonly (keyof TokenOptions)[];
  run(given: { argument: string | undefined; values: TokenOptions }): Promise<void>;
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['migrate', { options: [], run: () => runMigrations(loadSettings()) }],
  [
    'create-account',
    {
      takesArgument: true,
      options: [],
      run: ({ argument }) => withPersistence((persistence) => createAccount(persistence, argument)),
    },
  ],
  [
    'create-token',
    {
      options: ['account', 'name', 'scopes', 'expires-in-days'],
      run: ({ values }) => withPersistence((persistence) => createToken(persistence, values)),
    },
  ],
  [
    'list-tokens',
    {
      options: ['account'],
      run: ({ values }) => withPersistence((persistence) => listTokens(persistence, values)),
    },
  ],
  [
    'revoke-token',
    {
      options: ['account', 'id'],
      run: ({ values }) => withPersistence((persistence) => revokeToken(persistence, values)),
    },
  ],
  ['list-keys', { options: [], run: () => withPersistence(({ secrets }) => printLines(describeKeys(secrets))) }],
  ['rotate-keys', { options: [], run: () => withPersistence((persistence) => printLines(rotateKeys(persistence))) }],
  [
    'forget-secrets',
    {
      options: ['yes'],
      run: ({ values }) =>
        withPersistence((persistence) => printLines(forgetSecrets(persistence, values.yes ?? false))),
    },
  ],
  [
    'list-audit',
    {
      options: ['account'],
      run: ({ values }) =>
        withPersistence(async (persistence) => printLines(listAudit(persistence, await oneOrAll(persistence, values)))),
    },
  ],
  [
    'verify-audit',
    {
      options: ['account', 'expect'],
      run: ({ values }) => withPersistence((persistence) => verify(persistence, values)),
    },
  ],
]);

async function main(): Promise<void> {
  const { positionals, values } = readArguments();
  const [name, ...others] = positionals;
  if (name === undefined) throw new UsageError('A command is needed.');
  const command = commands.get(name);
  if (!command) throw new UsageError(`There is no command "${name}".`);
  const taken: readonly string[] = command.options;
  const beyond = [
    ...others.slice(command.takesArgument ? 1 : 0),
    ...Object.keys(values)
      .filter((option) => !taken.includes(option))
      .map((option) => `--${option}`),
  ];
  if (beyond.length > 0) throw new UsageError(`${name} does not take ${beyond.join(' ')}.`);
  await command.run({ argument: others[0], values });
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`${(error as Error).message}\n${isUsage ? `\n${usage}` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
