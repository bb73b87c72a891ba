import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { openPersistence } from '@holdfast/persistence';
import { Secret } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox } from '@holdfast/shared/security';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { compileCache } from '@holdfast/testing/services';
import { expect } from 'chai';

describe('admin', () => {
  const key = randomBytes(32);
  let own: TestDatabase;

  before(async () => {
    own = await testDatabase();
  });
  after(() => own.drop());

  const admin = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = { ...compileCache(), DATABASE_URL: own.url, HOLDFAST_SECRET_KEYS: `test:${key.toString('base64')}` };
      const program = fileURLToPath(new URL('admin.ts', import.meta.url));
      execFile(process.execPath, [program, ...args], { env }, (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err });
      });
    });

  it('says to migrate first, migrates, adds an account, and prints a token that works, once', async () => {
    const early = await admin('create-account', 'ada');
    expect([early.code, early.out]).to.deep.equal([1, '']);
    expect(early.err).to.include('migrate');
    const first = await admin('migrate');
    expect([first.code, first.err]).to.deep.equal([0, '']);
    expect(first.out).to.match(/^migrated /);
    expect((await admin('migrate')).out).to.equal('The schema is up to date.\n');
    expect((await admin('create-account', 'ada')).out).to.match(/^created account ada \(\d+\)\n$/);
    const made = await admin(
      'create-token',
      '--account',
      'ada',
      '--name',
      'ci',
      '--scopes',
      'backups:create,backups:read',
      '--expires-in-days',
      '30',
    );
    expect([made.code, made.err]).to.deep.equal([0, '']);
    expect(made.out).to.match(/^hf_[\w-]{43}\n$/);
    const box = new SecretBox([{ id: 'test', key }]);
    const persistence = await openPersistence({ url: new Secret(own.url), box, ids: systemIds });
    const token = await persistence.accounts.authenticate(new Secret(made.out.trim()));
    await persistence.close();
    expect(token?.scopes).to.deep.equal(['backups:read', 'backups:create']);
    const days = ((token?.expiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).to.be.within(29.9, 30);
    const taken = await admin('create-account', 'ada');
    expect([taken.code, taken.err]).to.deep.equal([1, 'There is an account "ada" already.\n']);
    const missing = await admin('create-token', '--account', 'eve', '--name', 'x', '--scopes', 'all');
    expect([missing.code, missing.out]).to.deep.equal([1, '']);
    expect(missing.err).to.include('There is no account "eve"');
  });

  it('lists tokens without their secrets, takes the scope names of the destinations dialect, and revokes', async () => {
    await admin('migrate');
    await admin('create-account', 'tam');
    const make = async (name: string, ...more: string[]) =>
      (await admin('create-token', '--account', 'tam', '--name', name, ...more)).out.trim();
    const secrets = [
      await make('old one', '--scopes', 'all'),
      await make('sdk', '--scopes', 'view-backup-destinations,delete-backup-destinations', '--expires-in-days', '1'),
    ];
    const list = async () => (await admin('list-tokens', '--account', 'tam')).out.trimEnd().split('\n');
    const [newest = '', oldest = '', ...others] = await list();
    expect(others).to.deep.equal([]);
    expect(newest).to.match(
      /^[0-9a-f-]{36} {2}valid until \S+Z {2}last used never {2}destinations:read,destinations:delete {2}sdk$/,
    );
    expect(oldest).to.match(/^[0-9a-f-]{36} {2}valid {2}last used never {2}databases:read,.*,admin {2}old one$/);
    for (const secret of secrets) expect(newest + oldest).to.not.include(secret.slice(3));
    const id = oldest.slice(0, 36);
    expect((await admin('revoke-token', '--account', 'tam', '--id', id)).out).to.equal(`revoked token ${id}\n`);
    expect((await list())[1]).to.match(/^[0-9a-f-]{36} {2}revoked \S+Z {2}/);
    const unknown = await admin('revoke-token', '--account', 'tam', '--id', 'x');
    expect([unknown.code, unknown.out]).to.deep.equal([1, '']);
    expect(unknown.err).to.include('has no token x');
    expect((await admin('list-tokens', '--account', 'eve')).err).to.include('There is no account "eve"');
  });

  it('puts what it does into the audit log, and proves that nobody changed it', async () => {
    await admin('migrate');
    await admin('create-account', 'log');
    const secret = (await admin('create-token', '--account', 'log', '--name', 'ci', '--scopes', 'all')).out.trim();
    await admin('rotate-keys');
    const listed = (await admin('list-audit', '--account', 'log')).out;
    const actions = listed
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { action: string }).action);
    expect(actions).to.deep.equal(['account.create', 'token.create']);
    expect(listed).to.not.include(secret.slice(3));
    expect((await admin('list-audit')).out).to.include('"keys.rotate"');
    const whole = await admin('verify-audit');
    expect([whole.code, whole.err]).to.deep.equal([0, '']);
    const head = /^log: 2 entries, whole, the last one is ([0-9a-f]{64})$/m.exec(whole.out)?.[1] ?? '';
    expect((await admin('verify-audit', '--expect', head)).code).to.equal(0);
    await own.query('alter table holdfast.audit_log disable trigger all');
    await own.query(`delete from holdfast.audit_log where hash = '${head}'`);
    const cut = await admin('verify-audit', '--account', 'log', '--expect', head);
    expect([cut.code, cut.out.split(',')[0]]).to.deep.equal([1, 'log: 1 entries']);
    expect(cut.err).to.equal(`No entry has the hash ${head}: it was cut off or changed.\n`);
    await own.query(`update holdfast.audit_log set action = 'x.y' where action = 'account.create'`);
    const changed = await admin('verify-audit');
    expect([changed.code, changed.err]).to.deep.equal([1, '3 logs are not as they were written.\n']);
    expect(changed.out).to.include('log: BROKEN at entry 1: Entry 1 was changed after it was written.');
  });

  const mustRefuse = async (calls: readonly string[][]): Promise<void> => {
    for (const args of calls) {
      const { code, out, err } = await admin(...args);
      expect([code, out], args.join(' ')).to.deep.equal([2, '']);
      expect(err).to.include('Usage:');
    }
  };

  it('ends with 2 and its usage when it is called wrongly', () =>
    mustRefuse([
      [],
      ['destroy'],
      ['constructor'],
      ['migrate', 'x', 'y'],
      ['create-account'],
      ['create-token', '--account', 'ada', '--name', 'x'],
      ['create-token', '--account', 'ada', '--name', 'x', '--scopes', 'everything'],
      ['create-token', '--account', 'ada', '--name', 'x', '--scopes', 'all', '--expires-in-days', '0'],
      ['list-tokens'],
      ['revoke-token', '--account', 'ada'],
      ['revoke-token', '--id', '0199c0de-0000-7000-8000-000000000000'],
      ['migrate', '--force'],
      ['verify-audit', '--expect', 'x'],
    ]));

  it('ignores nothing that a command does not take', () =>
    mustRefuse([
      ['migrate', 'now'],
      ['migrate', '--account', 'ada'],
      ['create-account', 'eve', '--scopes', 'all'],
      ['create-token', 'eve', '--account', 'ada', '--name', 'x', '--scopes', 'all'],
      ['list-tokens', 'ada', '--account', 'ada'],
      ['revoke-token', '--account', 'ada', '--name', 'x', '--id', '0199c0de-0000-7000-8000-000000000000'],
    ]));

  it('takes no name that would make a line of its own in a list, or is longer than over HTTP', () =>
    mustRefuse([
      ['create-account', 'eve\nada'],
      ['create-account', 'e'.repeat(256)],
      ['create-token', '--account', 'ada', '--name', 'x\u001b[2K', '--scopes', 'all'],
    ]));
});
